//! The socket: accepts connections, parses requests, passes them to the control page, the dialog or the Graph
//! API.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request as HttpRequest, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::control::router;
use crate::graph_api::versions;
use crate::http::reply::{Outcome, Reply};
use crate::http::request::Request;
use crate::http::sent::{Sent, Unreadable};
use crate::outage_response;
use crate::state::shared::SharedState;
use crate::{dialog, graph_api};

const CONTROL_LIMIT: usize = 2 * 1024 * 1024;

/// A filled response is sent in pieces of this size.
static FILLER: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// Serves until the task is aborted, which closes all connections.
pub(crate) async fn run(listener: TcpListener, shared: Arc<SharedState>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the sandbox could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Do not let small responses wait for a full packet.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request: HttpRequest<hyper::body::Incoming>| {
                let shared = Arc::clone(&shared);
                async move { dated(&shared, request.map(Body::new)).await }
            });
            // Errors here are caused by the client, or injected on purpose.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// With the sandbox's own time, as Meta's servers send theirs.
async fn dated(shared: &Arc<SharedState>, request: HttpRequest<Body>) -> io::Result<Response<Body>> {
    let mut response = serve(shared, request).await?;
    let seconds = u64::try_from(shared.clock.now_seconds()).unwrap_or_default();
    let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().entry(header::DATE).or_insert(date);
    }
    Ok(response)
}

/// An error closes the connection without a response.
async fn serve(shared: &Arc<SharedState>, request: HttpRequest<Body>) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    if target.starts_with("/_control") {
        return Ok(match axum::body::to_bytes(body, CONTROL_LIMIT).await {
            Ok(body) => response(router::serve(shared, &parts, &body), None),
            Err(_) => unreadable(&Unreadable::TooLarge),
        });
    }
    let sent = match Sent::receive(&parts.headers, body).await {
        Ok(sent) => sent,
        Err(error) => return Ok(unreadable(&error)),
    };
    let mut request = Request::from_http(&parts.method, target, &parts.headers, sent, &shared.base);
    versions::resolve(shared, &mut request);
    let is_dialog = request.segment(0) == "dialog" || dialog::handler::is_instagram_dialog(&request);
    if let Some((outage, _)) = shared.current_outage() {
        return respond(match is_dialog {
            true => outage_response::dialog(shared, &request, outage).await,
            false => outage_response::graph_call(shared, &request, outage).await,
        });
    }
    if is_dialog {
        return respond(dialog::handler::call(shared, &request, &parts.headers).await);
    }
    let latency = shared.settings().latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    respond(graph_api::handler::call(shared, request).await)
}

fn unreadable(error: &Unreadable) -> Response<Body> {
    let (status, text) = match error {
        Unreadable::TooLarge => (413, "The request body is too large."),
        Unreadable::Malformed => (400, "The request body is incomplete or malformed."),
    };
    response(Reply::text(status, "text/plain; charset=utf-8", text), None)
}

fn respond(outcome: Outcome) -> io::Result<Response<Body>> {
    match outcome {
        Outcome::Reply(reply) => Ok(response(reply, None)),
        Outcome::Truncated(reply) => {
            let half = reply.body.len() / 2;
            Ok(response(reply, Some(half)))
        }
        Outcome::Closed => Err(io::Error::other("connection closed by an injected fault")),
    }
}

/// `cut_at`: end the body after this many bytes, although Content-Length promises more.
fn response(reply: Reply, cut_at: Option<usize>) -> Response<Body> {
    let whole = reply.body.len();
    let body = match cut_at {
        None if reply.filler > 0 => filled(reply.body, reply.filler),
        None => Body::from(reply.body),
        Some(half) => {
            let first = Bytes::copy_from_slice(&reply.body[..half]);
            Body::from_stream(cut_after(first))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    if cut_at.is_some() {
        headers.insert("content-length", HeaderValue::from(whole));
    }
    response
}

/// Adds the field `filler` with so many characters to a JSON object, and sends it in pieces.
fn filled(object: Vec<u8>, length: usize) -> Body {
    let Some(start) = object.strip_suffix(b"}") else {
        return Body::from(object);
    };
    let start = [start, b",\"filler\":\""].concat();
    let whole = std::iter::repeat_n(Bytes::from_static(&FILLER), length / FILLER.len());
    let rest = Bytes::from_static(&FILLER[..length % FILLER.len()]);
    let pieces = std::iter::once(Bytes::from(start)).chain(whole).chain([rest, Bytes::from_static(b"\"}")]);
    Body::from_stream(stream::iter(pieces.map(io::Result::Ok)))
}

/// Lets the first bytes leave before the connection breaks.
fn cut_after(first: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    stream::once(async { Ok(first) }).chain(stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::other("body truncated by an injected fault"))
    }))
}
