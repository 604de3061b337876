//! Reading request bodies: within a time, and for forms and webhooks within a number of bytes.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use crate::concurrency::ReservedBytes;
use crate::http::problem::Problem;
use crate::http::socket_phase::{Phase, SocketPhase};

/// How long a body may take.
#[derive(Debug, Clone, Copy)]
pub struct BodyTime {
    /// From the head to the last byte.
    pub whole: Duration,
    /// Without a byte.
    pub pause: Duration,
}

impl Default for BodyTime {
    fn default() -> BodyTime {
        BodyTime { whole: Duration::from_secs(30), pause: Duration::from_secs(10) }
    }
}

/// The body did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("the request's body did not arrive in time")]
struct BodyTimedOut;

/// Gives every body a time limit, whoever reads it.
pub async fn limit_time(State(time): State<BodyTime>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let socket = parts.extensions.get::<Arc<SocketPhase>>().cloned();
    let whole = Instant::now() + time.whole;
    let reading = Reading { socket };
    let timed = stream::unfold(Some((body.into_data_stream(), reading)), move |state| async move {
        let (mut body, reading) = state?;
        if let Some(socket) = &reading.socket {
            socket.enter_from(&[Phase::Working], Phase::Body);
        }
        let until = whole.min(Instant::now() + time.pause);
        match tokio::time::timeout_at(until, body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some((body, reading)))),
            Ok(Some(Err(error))) => Some((Err(Box::<dyn Error + Send + Sync>::from(error)), None)),
            Err(_) => Some((Err(Box::from(BodyTimedOut)), None)),
        }
    });
    next.run(Request::from_parts(parts, Body::from_stream(timed))).await
}

/// A body that is being read. When it is dropped, it is read or given up.
struct Reading {
    socket: Option<Arc<SocketPhase>>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(socket) = &self.socket {
            socket.enter_from(&[Phase::Body], Phase::Working);
        }
    }
}

/// Refuses a body that its head announces as too large, before any of it is read.
pub fn check_announced(headers: &HeaderMap, most: usize) -> Result<(), Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match announced.and_then(|text| text.parse::<u64>().ok()) {
        Some(length) if length > most as u64 => Err(Problem::Rejected(StatusCode::PAYLOAD_TOO_LARGE)),
        Some(_) | None => Ok(()),
    }
}

/// Reads a body of at most so many bytes. With `reserved`, every byte is reserved before it is kept.
pub async fn read(
    body: Body,
    most: usize,
    mut reserved: Option<&mut ReservedBytes>,
) -> Result<Vec<u8>, Problem> {
    let mut read = Vec::new();
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| unreadable(&error))?;
        if part.len() > most - read.len() {
            return Err(Problem::Rejected(StatusCode::PAYLOAD_TOO_LARGE));
        }
        if let Some(reserved) = &mut reserved
            && !reserved.add(part.len())
        {
            return Err(Problem::Busy);
        }
        // Copied, because a part keeps the whole buffer of its connection.
        read.extend_from_slice(&part);
    }
    Ok(read)
}

fn unreadable(error: &axum::Error) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<BodyTimedOut>() {
            return Problem::Rejected(StatusCode::REQUEST_TIMEOUT);
        }
        cause = error.source();
    }
    Problem::Rejected(StatusCode::BAD_REQUEST)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::body::Bytes;
    use axum::middleware::from_fn_with_state;
    use axum::routing::post;
    use tower::ServiceExt as _;

    use super::*;

    const TIME: BodyTime = BodyTime { whole: Duration::from_secs(30), pause: Duration::from_secs(10) };

    /// Sends a byte each time after this pause. Returns the status, how long it took, and the phase at the end.
    async fn status_of_trickle(pause: Duration, bytes: usize) -> (StatusCode, Duration, Phase) {
        let parts = stream::unfold(0, move |sent| async move {
            tokio::time::sleep(pause).await;
            (sent < bytes).then(|| (Ok::<_, std::io::Error>(Bytes::from_static(b"x")), sent + 1))
        });
        let read_all = |body: Body| async {
            read(body, 1_000, None).await.map_or_else(|no| no.status(), |_| StatusCode::OK)
        };
        let routes: Router =
            Router::new().route("/", post(read_all)).layer(from_fn_with_state(TIME, limit_time));
        let socket = Arc::new(SocketPhase::new());
        socket.enter(Phase::Working);
        let mut request = Request::post("/").body(Body::from_stream(parts)).expect("a valid request");
        request.extensions_mut().insert(Arc::clone(&socket));
        let started = Instant::now();
        let status = routes.oneshot(request).await.expect("infallible").status();
        (status, started.elapsed(), socket.now().0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_or_trickles_is_given_up_and_a_slow_one_is_read() {
        let (status, took, phase) = status_of_trickle(Duration::from_secs(11), 1).await;
        assert_eq!((status, took.as_secs(), phase), (StatusCode::REQUEST_TIMEOUT, 10, Phase::Working));
        let (status, took, phase) = status_of_trickle(Duration::from_secs(7), 100).await;
        assert_eq!((status, took.as_secs(), phase), (StatusCode::REQUEST_TIMEOUT, 30, Phase::Working));
        let (status, took, _) = status_of_trickle(Duration::from_secs(9), 2).await;
        assert_eq!((status, took.as_secs()), (StatusCode::OK, 27));
    }
}
