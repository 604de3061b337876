//! The socket: accepts, takes a request apart, lets the faults have their say, answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request as HttpRequest, Response, StatusCode};
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
use crate::outage_response;
use crate::state::shared::SharedState;
use crate::{dialog, graph_api};

const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Serves until the task is aborted; connections are its children and end with it.
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
        // Small answers must not wait for a full packet.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request: HttpRequest<hyper::body::Incoming>| {
                let shared = Arc::clone(&shared);
                async move { serve(&shared, request.map(Body::new)).await }
            });
            // A connection that ends badly is the caller's business, or a fault that was asked for.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// An error closes the connection without an answer.
async fn serve(shared: &Arc<SharedState>, request: HttpRequest<Body>) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return Ok(response(Reply::text(413, "text/plain; charset=utf-8", "too large"), None));
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    if target.starts_with("/_control") {
        return Ok(response(router::serve(shared, &parts, &body), None));
    }
    let mut request = Request::from_http(&parts.method, target, &parts.headers, &body, &shared.base);
    versions::resolve(shared, &mut request);
    let is_dialog = request.segment(0) == "dialog" || dialog::handler::is_instagram_dialog(&request);
    if let Some((outage, _)) = shared.current_outage() {
        return respond(outage_response::meet(shared, &request, is_dialog, outage).await);
    }
    if !is_dialog {
        let latency = shared.settings().latency;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
    }
    let outcome = match request.segment(0) {
        _ if is_dialog => dialog::handler::call(shared, &request, &parts.headers).await,
        _ => graph_api::handler::call(shared, request).await,
    };
    respond(outcome)
}

fn respond(outcome: Outcome) -> io::Result<Response<Body>> {
    match outcome {
        Outcome::Reply(reply) => Ok(response(reply, None)),
        Outcome::Truncated(reply) => {
            let half = reply.body.len() / 2;
            Ok(response(reply, Some(half)))
        }
        Outcome::Closed => Err(io::Error::other("closed without an answer, as asked")),
    }
}

/// `cut_at`: the body ends there although the head promised more.
fn response(reply: Reply, cut_at: Option<usize>) -> Response<Body> {
    let whole = reply.body.len();
    let body = match cut_at {
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

/// Gives the first bytes time to leave before the connection breaks.
fn cut_after(first: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    stream::once(async { Ok(first) }).chain(stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::other("cut in the body, as asked"))
    }))
}
