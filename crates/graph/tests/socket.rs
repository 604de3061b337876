//! Broken responses over a real socket: each one becomes the right error, within the limits of time and size.

use std::sync::Arc;
use std::time::Duration;

use metaads_graph::{
    AccessToken, AppId, AppSecret, AuthorizationCode, Endpoint, Graph, GraphError, GraphVersion, MetaApp,
    Person, Recovery,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const TOKEN: &str = "EAAsecretOfAPerson0123456789";
const MIB: usize = 1024 * 1024;

fn client(listener: &TcpListener, timeout: Duration) -> Graph {
    let base = Url::parse(&format!("http://{}", listener.local_addr().expect("an address"))).expect("a URL");
    let app = MetaApp {
        app_id: AppId::parse("4400").expect("an id"),
        app_secret: AppSecret::new("secret".to_owned()),
        previous_app_secret: None,
        proxy: None,
        version: GraphVersion::NEWEST,
        dialog_url: base.clone(),
        graph_url: base.clone(),
        instagram_url: base,
        instagram: None,
        timeout,
    };
    Graph::new(app, Arc::new(|| 1_800_000_000_000)).expect("a client")
}

/// Accepts one connection and reads the head of its request.
async fn accept(listener: &TcpListener) -> TcpStream {
    accept_with_head(listener).await.0
}

async fn accept_with_head(listener: &TcpListener) -> (TcpStream, String) {
    let (mut socket, _) = listener.accept().await.expect("a connection");
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        assert_ne!(socket.read_buf(&mut head).await.expect("a request"), 0, "the request is truncated");
    }
    (socket, String::from_utf8(head).expect("text"))
}

/// What the client returns for these bytes in place of a response to `/me`.
async fn outcome(response: Vec<u8>) -> Result<Person, GraphError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let graph = client(&listener, Duration::from_secs(20));
    let token = AccessToken::new(TOKEN.to_owned());
    let serve = async {
        let mut socket = accept(&listener).await;
        // The client may close the connection before the end.
        let _ = socket.write_all(&response).await;
        let _ = socket.shutdown().await;
    };
    let ((), outcome) = tokio::join!(serve, graph.read_person(&token));
    if let Err(error) = &outcome {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(TOKEN) && !shown.contains("appsecret_proof"), "{shown}");
    }
    outcome
}

async fn error(response: Vec<u8>) -> GraphError {
    let error = outcome(response).await.expect_err("no person");
    if !matches!(error, GraphError::Api(_)) {
        assert_eq!(error.recovery(), Recovery::RetryLater, "treated as an outage");
    }
    error
}

#[track_caller]
fn assert_malformed(error: &GraphError, expected: (u16, &str)) {
    match error {
        GraphError::Malformed { endpoint: Endpoint::Me, status, reason } => {
            assert_eq!((*status, *reason), expected);
        }
        other => panic!("{other:?}"),
    }
}

/// A complete response: `first` is the status and further header lines.
fn http(first: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {first}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A person in a body of this many bytes and a few more.
fn person_of(length: usize) -> Vec<u8> {
    let body = format!(r#"{{"id":"888","name":"Ada","rest":"{}"}}"#, "x".repeat(length));
    http("200 OK\r\nContent-Type: application/json", body.as_bytes())
}

/// 50 KB of gzip that decompress to 50 MB of zeros: after the block's header each byte expands to 1,032.
fn gzip_bomb() -> Vec<u8> {
    let head = [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 236, 193, 1, 1, 0, 0, 0, 128, 144, 254, 175, 238, 8, 10];
    [head.as_slice(), &[0; 48_500]].concat()
}

#[tokio::test]
async fn a_body_of_up_to_four_mebibytes_is_accepted() {
    let person = outcome(person_of(4 * MIB - 100)).await.expect("a person");
    assert_eq!((person.id.as_str(), person.name.as_str()), ("888", "Ada"));
    assert_malformed(&error(person_of(5 * MIB)).await, (200, "longer than 4 MiB"));
}

#[tokio::test]
async fn the_body_limit_applies_after_decompression() {
    let response = http("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip", &gzip_bomb());
    assert!(response.len() < 50_000);
    assert_malformed(&error(response).await, (200, "longer than 4 MiB"));
    let not_gzip = http("200 OK\r\nContent-Encoding: gzip", br#"{"id":"888"}"#);
    assert!(matches!(error(not_gzip).await, GraphError::Unreachable { endpoint: Endpoint::Me, .. }));
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let graph = client(&listener, Duration::from_secs(20));
    let token = AccessToken::new(TOKEN.to_owned());
    let serve = async {
        let mut socket = accept(&listener).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
        let mut sent = 0;
        while socket.write_all(&chunk).await.is_ok() {
            sent += chunk.len();
        }
        sent
    };
    let (sent, outcome) = tokio::join!(serve, graph.read_person(&token));
    assert_malformed(&outcome.expect_err("no person"), (200, "longer than 4 MiB"));
    // The rest was in the buffers of the two sockets.
    assert!(sent < 32 * MIB, "{sent}");
}

#[tokio::test]
async fn a_proxys_html_page_is_malformed_whatever_the_status() {
    let page = b"<html><body>Please sign in to the network</body></html>";
    for (first, status) in [("200 OK", 200), ("502 Bad Gateway", 502), ("403 Forbidden", 403)] {
        let response = http(&format!("{first}\r\nContent-Type: text/html"), page);
        assert_malformed(&error(response).await, (status, "not JSON"));
    }
    assert_malformed(&error(http("204 No Content", b"")).await, (204, "not JSON"));
}

#[tokio::test]
async fn the_content_type_is_ignored() {
    let person = br#"{"id":"888","name":"Ada"}"#;
    for kind in ["text/html", "text/javascript; charset=UTF-8", "image/png"] {
        let response = http(&format!("200 OK\r\nContent-Type: {kind}"), person);
        assert_eq!(outcome(response).await.expect("a person").name, "Ada");
    }
}

#[tokio::test]
async fn a_truncated_response_is_unreachable() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\":\"888\",\"name\":\"Ada\"}".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"".to_vec();
    let head = b"HTTP/1.1 200 OK\r\nContent-Le".to_vec();
    let garbage = b"\x16\x03\x01 this is not HTTP\r\n\r\n".to_vec();
    let huge = format!("HTTP/1.1 200 OK\r\nX-App-Usage: {}\r\n\r\n{{}}", "x".repeat(MIB)).into_bytes();
    for response in [cut, chunked, head, garbage, huge, Vec::new()] {
        let error = error(response).await;
        assert!(matches!(error, GraphError::Unreachable { endpoint: Endpoint::Me, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_error_object_counts_whatever_the_status() {
    let body =
        br#"{"error":{"message":"(#4) Application request limit reached","type":"OAuthException","code":4}}"#;
    for first in ["200 OK", "403 Forbidden", "500 Internal Server Error"] {
        match error(http(first, body)).await {
            GraphError::Api(error) => {
                assert_eq!(error.code, Some(4));
                assert!(matches!(error.recovery(), Recovery::Wait(_)));
            }
            other => panic!("{other:?}"),
        }
    }
    let without_error = http("500 Internal Server Error", b"{}");
    assert_malformed(&error(without_error).await, (500, "an error status without an error"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let to = elsewhere.local_addr().expect("an address");
    for first in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let response = http(&format!("{first}\r\nLocation: http://{to}/v26.0/me"), br#"{"id":"888"}"#);
        let status = first[..3].parse().expect("a status");
        assert_malformed(&error(response).await, (status, "a redirect, which is never followed"));
    }
    let called = tokio::time::timeout(Duration::ZERO, elsewhere.accept()).await;
    assert!(called.is_err(), "the redirect was followed");
}

#[tokio::test]
async fn a_hanging_response_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let graph = client(&listener, Duration::from_millis(200));
    let token = AccessToken::new(TOKEN.to_owned());
    let serve = async {
        let mut socket = accept(&listener).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"id\":").await;
        // Keeps the connection open until the client closes it.
        let _ = socket.read(&mut [0; 1]).await;
    };
    let ((), outcome) = tokio::join!(serve, graph.read_person(&token));
    assert!(matches!(outcome, Err(GraphError::Timeout { endpoint: Endpoint::Me })), "{outcome:?}");
}

#[tokio::test]
async fn a_post_has_its_proof_in_the_query_and_its_secrets_in_the_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let graph = client(&listener, Duration::from_secs(20));
    let code = AuthorizationCode::new("AQthecode".to_owned());
    let serve = async {
        let (mut socket, head) = accept_with_head(&listener).await;
        let response = http("200 OK", br#"{"access_token":"EAA1","token_type":"bearer"}"#);
        socket.write_all(&response).await.expect("the client listens");
        head
    };
    let (head, outcome) =
        tokio::join!(serve, graph.exchange_code(&code, "https://ads.example/connect/meta/callback", None));
    outcome.expect("a token");
    let line = head.lines().next().expect("a line");
    assert!(line.starts_with("POST /v26.0/oauth/access_token?appsecret_proof="), "{line}");
    for secret in ["AQthecode", "client_secret", "access_token=", "4400%7C"] {
        assert!(!line.contains(secret), "{line}");
    }
}
