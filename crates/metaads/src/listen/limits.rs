//! The limits of the listener.

use std::time::Duration;

use crate::http::socket_phase::Phase;

/// Connections above the limit that are still accepted, while those that make room for them are closing.
pub const RESERVE: usize = 60;

/// How many connections there may be, and how long each may wait for its client.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections, below the usual 1,024 file descriptors. Beyond it, whoever waits longest for its client makes
    /// room.
    pub connections: usize,
    /// Connections of one client; trusted proxies are exempt.
    pub connections_of_one_client: usize,
    /// From the connection, or a head's first byte, to the end of the head.
    pub head: Duration,
    /// Between two requests; longer than common proxies keep their connections.
    pub idle: Duration,
    /// From the first byte of a response that the client does not read to its last.
    pub response: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 800,
            connections_of_one_client: 100,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            response: Duration::from_secs(60),
        }
    }
}

/// What a client still sends after an early answer is discarded for this long.
const CLOSING: Duration = Duration::from_secs(2);
/// Longer than `http::body` lets a body take: it answers before the connection is cut.
const BODY: Duration = Duration::from_secs(40);

impl Limits {
    /// How long a phase may last; None while the service itself has to act.
    pub fn of(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::Silent | Phase::Head => Some(self.head),
            Phase::Body => Some(BODY),
            Phase::Working | Phase::Answering => None,
            Phase::Writing => Some(self.response),
            Phase::Idle => Some(self.idle),
            Phase::Closing => Some(CLOSING),
        }
    }

    /// How often overdue connections are looked for.
    pub fn interval(&self) -> Duration {
        (self.head.min(self.idle).min(self.response) / 10)
            .clamp(Duration::from_millis(10), Duration::from_secs(1))
    }
}
