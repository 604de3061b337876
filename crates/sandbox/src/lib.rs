//! A pretend Meta on a real socket: login dialog, token endpoint and the part of the Graph API that an ads
//! product reads. For tests and for the demo; it knows nothing of the product that talks to it.
//!
//! Its JSON is written by hand from Meta's documentation and from recorded answers, never from the client's
//! types: else client and server could be wrong together. One plain-http socket serves everything.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: it shares no clock, task or client with the service"
)]

mod calendar;
mod clock;
mod control;
mod dialog;
mod graph_api;
mod http;
mod options;
mod outage_response;
mod random;
mod server;
mod signing;
mod state;
mod webhooks;
mod world;

use std::future::Future;
use std::sync::Arc;

pub use clock::Clock;
pub use control::handle::Control;
pub use dialog::answer::{Answer, AssetSelection, Decision};
pub use options::Options;
pub use state::call_log::Call;
pub use state::faults::{Effect, Endpoint, Fault};
pub use state::grants::{GrantView, PermissionStatus};
pub use state::outage::Outage;
pub use state::outbox::Delivery;
pub use state::rate_limits::{ExhaustedLimit, RateLimit, UseCase};
pub use state::tokens::TokenKind;
pub use world::bulk_users::bulk_user_id;
pub use world::persona::Persona;

use state::shared::SharedState;

/// A running sandbox; dropping it stops the server and closes its connections.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<SharedState>,
    server: tokio::task::JoinHandle<()>,
}

impl Sandbox {
    pub async fn start(options: Options) -> std::io::Result<Sandbox> {
        let listener = tokio::net::TcpListener::bind(options.listen).await?;
        let shared = Arc::new(SharedState::new(options, listener.local_addr()?)?);
        let server = tokio::spawn(server::run(listener, Arc::clone(&shared)));
        Ok(Sandbox { shared, server })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        self.shared.base.clone()
    }

    /// The strings by which tests pull; cheap to clone.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.shared))
    }

    /// Stops and waits until the socket is closed.
    pub async fn stop(mut self) {
        self.server.abort();
        // Aborted on purpose: the error says only that.
        let _ = (&mut self.server).await;
    }

    /// Serves until `shutdown` resolves.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.stop().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}
