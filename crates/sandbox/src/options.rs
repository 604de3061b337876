//! The options a sandbox is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Clock;

/// The name of the only app this sandbox knows.
pub(crate) const APP_NAME: &str = "The app under test";

/// The options a sandbox is started with.
#[derive(Clone)]
pub struct Options {
    /// Port 0 picks a free port.
    pub listen: SocketAddr,
    pub app_id: String,
    pub app_secret: String,
    /// The app id of Instagram Login.
    pub instagram_app_id: String,
    pub instagram_app_secret: String,
    pub clock: Clock,
    /// Added to every Graph call, but not to the dialog.
    pub latency: Duration,
    /// JSON file that keeps grants and tokens across restarts. Contains codes and tokens only as SHA-256.
    pub state_file: Option<PathBuf>,
    /// With a seed, every run issues the same tokens and codes.
    pub seed: Option<u64>,
    /// How many users to add to the personas. They have no assets; `bulk_user_id` returns their ids.
    pub bulk_users: usize,
}

// Not derived, so that the app secret never reaches a log line.
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
