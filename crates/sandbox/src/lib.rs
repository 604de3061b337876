//! A pretend Meta on a real socket, for tests and for the demo: login dialog, token endpoint, and the part of the
//! Graph API that an ads product uses. It knows nothing about the product that talks to it.
//!
//! Its JSON is written by hand from Meta's documentation and from recorded responses. It shares no type with a
//! client, because a shared mistake would go unnoticed. One plain HTTP socket serves everything.
//!
//! ```text
//! server ──► control, dialog, graph_api ──► webhooks ──► state ──► world
//!
//! control     the control page, its JSON API, the `Control` handle for Rust tests
//! dialog      the login dialog: its pages, and the grants and codes that result from the answers
//! graph_api   token endpoint, nodes and edges, ad objects, batches, rate limits, versions
//! webhooks    calls from Meta to the app
//! state       grants, tokens, created ad objects, injected faults, rate limits, settings, the call log, the state file
//! world       the fixed data: people, businesses, ad accounts, Pages, generated ads (immutable)
//! http        requests, replies and the HTML layout
//! ```
//!
//! Each part uses only what is to its right, plus `http`, `clock` and the like. In addition `control` uses `dialog`
//! and `graph_api`, and `dialog` injects faults with `graph_api`. No two files depend on each other in a circle.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the sandbox has its own clock, tasks and HTTP client, and shares none with the service"
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

/// A running sandbox. Dropping it stops the server and closes its connections.
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

    /// `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn url(&self) -> String {
        self.shared.base.clone()
    }

    /// The handle that controls this sandbox; cheap to clone.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.shared))
    }

    /// Stops the server and waits until the socket is closed.
    pub async fn stop(mut self) {
        self.server.abort();
        // The only error is that the task was aborted.
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
