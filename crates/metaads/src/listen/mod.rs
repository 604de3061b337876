//! Accepting connections. Each is bounded from its first byte to its last, and a client that only waits makes room for
//! one that asks: the service accepts and hears its stop signal however many there are.

pub mod limits;

mod client_stream;
mod connections;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::app::App;
use crate::http::client_info::is_trusted_proxy;
use crate::http::request_target::HEAD_BYTES;
use crate::http::socket_phase::Phase;
use crate::listen::client_stream::ClientStream;
use crate::listen::connections::{Admission, Admitted, Connections, Peer};
use crate::listen::limits::Limits;

/// Pause after an error of `accept`, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a new connection waits for those that make room for it.
const ROOM_WAIT: Duration = Duration::from_millis(500);
/// How long a stopping service still waits for a client.
const LAST_WAIT: Duration = Duration::from_secs(2);
/// The answer to a connection that finds no room.
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Serves until `stop` resolves, then lets running requests finish.
pub async fn serve(
    listener: TcpListener,
    app: App,
    routes: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let connections = Connections::new(limits);
    let graceful = GracefulShutdown::new();
    let mut overdue = tokio::time::interval(limits.interval());
    let mut stop = std::pin::pin!(stop);
    let long_polls = &app.concurrency().long_polls;
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = overdue.tick() => connections.close_overdue(),
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    if let Some(admitted) = admit(&app, &connections, address).await {
                        serve_connection(stream, address, admitted, routes.clone(), &graceful);
                    } else {
                        refuse(&stream);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    connections.make_room();
                    long_polls.shed();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    long_polls.stop();
    connections.close_unused();
    let mut drained = std::pin::pin!(graceful.shutdown());
    loop {
        tokio::select! {
            () = &mut drained => break,
            _ = overdue.tick() => connections.close_waiting(LAST_WAIT),
        }
    }
}

/// Makes room for a connection where there is none. None if it has to be refused.
async fn admit(app: &App, connections: &Connections, address: SocketAddr) -> Option<Admitted> {
    let ip = address.ip().to_canonical();
    let peer = if is_trusted_proxy(app, &ip) { Peer::Proxy } else { Peer::Client(ip) };
    let until = tokio::time::Instant::now() + ROOM_WAIT;
    loop {
        let gone = connections.gone();
        match connections.admit(peer) {
            Admission::Open(admitted) => return Some(admitted),
            Admission::OpenAndCrowded(admitted) => {
                app.concurrency().long_polls.shed();
                return Some(admitted);
            }
            Admission::Later => tokio::time::timeout_at(until, gone).await.ok()?,
            Admission::Refused => return None,
        }
    }
}

/// Says so and closes; a client that does not take the few bytes gets nothing.
fn refuse(stream: &TcpStream) {
    // Closing a socket with unread bytes resets it, and the client may never see the answer.
    let _ = stream.try_read(&mut [0; 4 * 1024]);
    let _ = stream.try_write(REFUSAL);
}

/// Only HTTP/1: in HTTP/2 one connection carries hundreds of requests, past every limit of connections.
fn serve_connection(
    stream: TcpStream,
    address: SocketAddr,
    mut admitted: Admitted,
    routes: Router,
    graceful: &GracefulShutdown,
) {
    let socket = Arc::clone(&admitted.socket);
    let service = tower::service_fn(move |mut request: Request<Incoming>| {
        let (routes, socket) = (routes.clone(), Arc::clone(&socket));
        async move {
            socket.enter(Phase::Working);
            request.extensions_mut().insert(ConnectInfo(address));
            request.extensions_mut().insert(Arc::clone(&socket));
            let answer = routes.oneshot(request).await;
            socket.enter(Phase::Answering);
            answer
        }
    });
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES).header_read_timeout(None);
    let stream = TokioIo::new(ClientStream::new(stream, Arc::clone(&admitted.socket)));
    let connection = graceful.watch(builder.serve_connection(stream, TowerToHyperService::new(service)));
    crate::tasks::spawn(async move {
        tokio::select! {
            // A broken connection needs no action here.
            _ = connection => {}
            _ = &mut admitted.closed => {}
        }
    });
}
