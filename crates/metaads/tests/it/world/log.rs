//! Captures what every test of this process logs, for the search for secrets.

use std::io::Write;
use std::sync::{LazyLock, Mutex};

/// At the most verbose level: what is not logged there is never logged.
const FILTER: &str = "info,metaads=trace,metaads_graph=trace,metaads_store=trace,sqlx=trace,axum=trace,tower_http=trace,reqwest=trace,thirtyfour=off";

static LOG: Mutex<Log> = Mutex::new(Log { bytes: Vec::new(), taken: 0 });

struct Log {
    bytes: Vec<u8>,
    /// Length of the part that [`take_new`] has returned.
    taken: usize,
}

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Starts capturing; METAADS_TEST_LOG replaces the filter, for long runs.
pub fn capture() {
    static SUBSCRIBER: LazyLock<()> = LazyLock::new(|| {
        let filter = std::env::var("METAADS_TEST_LOG").unwrap_or_else(|_| FILTER.to_owned());
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Writer);
        let _ = subscriber.try_init();
    });
    LazyLock::force(&SUBSCRIBER);
}

pub fn text() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap().bytes).into_owned()
}

/// What was logged since the last call.
pub fn take_new() -> Vec<u8> {
    let mut log = LOG.lock().unwrap();
    let new = log.bytes[log.taken..].to_vec();
    log.taken = log.bytes.len();
    new
}
