//! How a sandbox starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Clock;

/// The name of the one app that the sandbox knows.
pub(crate) const APP_NAME: &str = "The app under test";

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
    /// So many people more than the personas, without assets; `bulk_user_id` tells their ids.
    pub bulk_users: usize,
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
            bulk_users: 0,
        }
    }
}
