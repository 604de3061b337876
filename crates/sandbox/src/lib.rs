//! A pretend Meta on a real socket: login dialog, token endpoint and the part of the Graph API that an ads
//! product reads. For tests and for the demo; it knows nothing of the product that talks to it.
//!
//! Its JSON is written by hand from Meta's documentation and from recorded answers, never from the client's
//! types: else client and server could be wrong together. One plain-http socket serves everything.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own: it shares no clock, task or client with the service"
)]

mod answer;
mod app;
mod authorize;
mod batch;
mod calls;
mod clock;
mod configurations;
mod console;
mod console_lasting;
mod console_page;
mod console_settings;
mod control;
mod debug_token;
mod dialog;
mod dialog_assets;
mod dialog_page;
mod edges;
mod entropy;
mod envelope;
mod faults;
mod fields;
mod grants;
mod graph;
mod holds;
mod instagram;
mod integrations;
mod legacy;
mod limits;
mod nodes;
mod outage;
mod outbox;
mod paging;
mod params;
mod passage;
mod permissions;
mod picture;
mod proof;
mod server;
mod shared;
mod state_file;
mod subscriptions;
mod token;
mod usage;
mod versions;
mod viewer;
mod world;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use answer::{Answer, Decision, Ticks};
pub use calls::Call;
pub use clock::Clock;
pub use control::{Control, GrantView};
pub use faults::{Effect, Endpoint, Fault};
pub use grants::{PermissionStatus, TokenKind};
pub use limits::{Block, Limit, UseCase};
pub use outage::Outage;
pub use outbox::Delivery;
pub use world::{Persona, crowd_user_id};

use shared::Shared;

/// How a sandbox starts.
#[derive(Clone)]
pub struct Options {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    pub app_id: String,
    pub app_secret: String,
    /// The app of Instagram's own login.
    pub instagram_app_id: String,
    pub instagram_app_secret: String,
    pub clock: Clock,
    /// Added to every Graph call, not to the dialog.
    pub latency: Duration,
    /// Grants and tokens survive a restart here. JSON; holds only SHA-256 of codes and tokens.
    pub state_file: Option<PathBuf>,
    /// The same tokens and codes in every run.
    pub seed: Option<u64>,
    /// So many people more than the personas, without assets; `crowd_user_id` tells their ids.
    pub crowd: usize,
}

// By hand: the app secret does not belong into a log line.
impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("app_id", &self.app_id)
            .field("state_file", &self.state_file)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            app_id: "100200300400500".to_owned(),
            app_secret: "pretend-meta-app-secret".to_owned(),
            instagram_app_id: "500400300200100".to_owned(),
            instagram_app_secret: "pretend-instagram-app-secret".to_owned(),
            clock: Clock::System,
            latency: Duration::ZERO,
            state_file: None,
            seed: None,
            crowd: 0,
        }
    }
}

/// A running sandbox; dropping it stops the server and closes its connections.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

impl Sandbox {
    pub async fn start(options: Options) -> std::io::Result<Sandbox> {
        let listener = tokio::net::TcpListener::bind(options.listen).await?;
        let shared = Arc::new(Shared::new(options, listener.local_addr()?)?);
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
