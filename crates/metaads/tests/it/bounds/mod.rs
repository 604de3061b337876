//! What one client can take of the service: connections, time, memory, and the database's.

mod connections;
mod database;
mod forms;
mod heads;
mod long_polls;
mod webhooks;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use metaads::listen::{self, limits::Limits};
use metaads::routes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::world::World;

/// Far more than an answer takes, far less than any limit of the service.
pub const SOON: Duration = Duration::from_secs(10);

/// The world's service behind a listener with limits of its own.
pub struct Bounded {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Bounded {
    pub async fn start(world: &World, limits: Limits) -> Bounded {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (app, routes) = (world.app.clone(), routes::routes(world.app.clone()));
        let stopped = async move { drop(stopped.await) };
        let server = tokio::spawn(listen::serve(listener, app, routes, limits, stopped));
        Bounded { address, stop: Some(stop), server }
    }

    /// Sends the stop signal. Returns how long the service took to stop.
    pub async fn stop(mut self) -> Duration {
        let started = Instant::now();
        drop(self.stop.take());
        (&mut self.server).await.unwrap();
        started.elapsed()
    }
}

/// A connection that speaks bytes.
pub struct Raw(pub TcpStream);

impl Raw {
    pub async fn to(address: SocketAddr) -> Raw {
        Raw(TcpStream::connect(address).await.unwrap())
    }

    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything until the service closes the connection.
    pub async fn rest(mut self) -> String {
        let mut bytes = Vec::new();
        // A reset after the answer is an end, too.
        let _ = tokio::time::timeout(SOON * 2, self.0.read_to_end(&mut bytes)).await.expect("it is closed");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The head of the next response.
    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = tokio::time::timeout(SOON * 2, self.0.read_u8()).await.expect("an answer in time");
            match byte {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8_lossy(&head).into_owned()
    }
}

/// Sends one request and returns the whole answer.
pub async fn answer(address: SocketAddr, request: &str) -> String {
    let mut raw = Raw::to(address).await;
    raw.send(request).await;
    raw.rest().await
}

/// The status of an answer; 0 if there is none.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// A GET of a page that closes the connection.
pub fn get(world: &World, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", host(world))
}

/// The host of PUBLIC_URL.
pub fn host(world: &World) -> String {
    world.base.trim_start_matches("http://").to_owned()
}

/// The address of the world's own listener.
pub fn address(world: &World) -> SocketAddr {
    host(world).parse().unwrap()
}
