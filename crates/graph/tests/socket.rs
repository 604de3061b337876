//! Answers that no healthy Meta sends, over a real socket: each ends as the error it is, within bounds.

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
        version: GraphVersion::NEWEST,
        dialog_url: base.clone(),
        graph_url: base.clone(),
        instagram_url: base,
        instagram: None,
        timeout,
    };
    Graph::new(app, Arc::new(|| 1_800_000_000_000)).expect("a client")
}

/// Takes one connection and the head of its request.
async fn accept(listener: &TcpListener) -> TcpStream {
    accept_with_head(listener).await.0
}

async fn accept_with_head(listener: &TcpListener) -> (TcpStream, String) {
    let (mut socket, _) = listener.accept().await.expect("a connection");
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        assert_ne!(socket.read_buf(&mut head).await.expect("a request"), 0, "the request was cut");
    }
    (socket, String::from_utf8(head).expect("text"))
}

/// What the client makes of these bytes in place of an answer to `/me`.
async fn outcome(answer: Vec<u8>) -> Result<Person, GraphError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let graph = client(&listener, Duration::from_secs(20));
    let token = AccessToken::new(TOKEN.to_owned());
    let serve = async {
        let mut socket = accept(&listener).await;
        // The client may hang up in the middle.
        let _ = socket.write_all(&answer).await;
        let _ = socket.shutdown().await;
    };
    let ((), outcome) = tokio::join!(serve, graph.read_person(&token));
    if let Err(error) = &outcome {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(TOKEN) && !shown.contains("appsecret_proof"), "{shown}");
    }
    outcome
}

async fn error(answer: Vec<u8>) -> GraphError {
    let error = outcome(answer).await.expect_err("no person");
    if !matches!(error, GraphError::Api(_)) {
        assert_eq!(error.recovery(), Recovery::RetryLater, "an outage by another name");
    }
    error
}

#[track_caller]
fn is_malformed(error: &GraphError, expected: (u16, &str)) {
    match error {
        GraphError::Malformed { endpoint: Endpoint::Me, status, reason } => {
            assert_eq!((*status, *reason), expected)
        }
        other => panic!("{other:?}"),
    }
}

/// A whole answer: `first` is the status and further header lines.
fn http(first: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {first}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A person among so many bytes of something else.
fn person_of(length: usize) -> Vec<u8> {
    let body = format!(r#"{{"id":"888","name":"Ada","rest":"{}"}}"#, "x".repeat(length));
    http("200 OK\r\nContent-Type: application/json", body.as_bytes())
}

/// 50 KB that unpack into 50 MB of zeros: after the head of its one block each byte stands for 1,032 more.
fn bomb() -> Vec<u8> {
    let head = [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 236, 193, 1, 1, 0, 0, 0, 128, 144, 254, 175, 238, 8, 10];
    [head.as_slice(), &[0; 48_500]].concat()
}

#[tokio::test]
async fn an_answer_is_taken_up_to_four_mebibytes() {
    let person = outcome(person_of(4 * MIB - 100)).await.expect("a person");
    assert_eq!((person.id.as_str(), person.name.as_str()), ("888", "Ada"));
    is_malformed(&error(person_of(5 * MIB)).await, (200, "longer than 4 MiB"));
}

#[tokio::test]
async fn a_packed_answer_is_measured_unpacked() {
    let answer = http("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip", &bomb());
    assert!(answer.len() < 50_000);
    is_malformed(&error(answer).await, (200, "longer than 4 MiB"));
    let lie = http("200 OK\r\nContent-Encoding: gzip", br#"{"id":"888"}"#);
    assert!(matches!(error(lie).await, GraphError::Unreachable { endpoint: Endpoint::Me, .. }));
}

#[tokio::test]
async fn an_endless_answer_is_hung_up_on() {
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
    is_malformed(&outcome.expect_err("no person"), (200, "longer than 4 MiB"));
    // What is above the limit lay in the two sockets' buffers.
    assert!(sent < 32 * MIB, "{sent}");
}

#[tokio::test]
async fn a_page_of_a_proxy_is_no_answer_whatever_its_status() {
    let page = b"<html><body>Please sign in to the network</body></html>";
    for (first, status) in [("200 OK", 200), ("502 Bad Gateway", 502), ("403 Forbidden", 403)] {
        let answer = http(&format!("{first}\r\nContent-Type: text/html"), page);
        is_malformed(&error(answer).await, (status, "no JSON"));
    }
    is_malformed(&error(http("204 No Content", b"")).await, (204, "no JSON"));
}

#[tokio::test]
async fn the_content_type_decides_nothing() {
    let person = br#"{"id":"888","name":"Ada"}"#;
    for kind in ["text/html", "text/javascript; charset=UTF-8", "image/png"] {
        let answer = http(&format!("200 OK\r\nContent-Type: {kind}"), person);
        assert_eq!(outcome(answer).await.expect("a person").name, "Ada");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\":\"888\",\"name\":\"Ada\"}".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"".to_vec();
    let head = b"HTTP/1.1 200 OK\r\nContent-Le".to_vec();
    let garbage = b"\x16\x03\x01 this is no HTTP\r\n\r\n".to_vec();
    let huge = format!("HTTP/1.1 200 OK\r\nX-App-Usage: {}\r\n\r\n{{}}", "x".repeat(MIB)).into_bytes();
    for answer in [cut, chunked, head, garbage, huge, Vec::new()] {
        let error = error(answer).await;
        assert!(matches!(error, GraphError::Unreachable { endpoint: Endpoint::Me, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_error_counts_whatever_the_status() {
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
    let silent = http("500 Internal Server Error", b"{}");
    is_malformed(&error(silent).await, (500, "an error status without an error"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let to = elsewhere.local_addr().expect("an address");
    for first in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let answer = http(&format!("{first}\r\nLocation: http://{to}/v26.0/me"), br#"{"id":"888"}"#);
        let status = first[..3].parse().expect("a status");
        is_malformed(&error(answer).await, (status, "a redirect, which is never followed"));
    }
    let called = tokio::time::timeout(Duration::ZERO, elsewhere.accept()).await;
    assert!(called.is_err(), "somebody followed");
}

#[tokio::test]
async fn an_answer_that_does_not_come_ends_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let graph = client(&listener, Duration::from_millis(200));
    let token = AccessToken::new(TOKEN.to_owned());
    let serve = async {
        let mut socket = accept(&listener).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"id\":").await;
        // Holds the connection until the client hangs up.
        let _ = socket.read(&mut [0; 1]).await;
    };
    let ((), outcome) = tokio::join!(serve, graph.read_person(&token));
    assert!(matches!(outcome, Err(GraphError::Timeout { endpoint: Endpoint::Me })), "{outcome:?}");
}

#[tokio::test]
async fn a_post_carries_its_proof_in_the_address_and_its_secrets_in_the_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let graph = client(&listener, Duration::from_secs(20));
    let code = AuthorizationCode::new("AQthecode".to_owned());
    let serve = async {
        let (mut socket, head) = accept_with_head(&listener).await;
        let answer = http("200 OK", br#"{"access_token":"EAA1","token_type":"bearer"}"#);
        socket.write_all(&answer).await.expect("the client listens");
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
