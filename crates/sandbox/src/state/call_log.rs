//! The log of calls, for tests and the control page: the last 5,000 calls and a count per endpoint.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use super::faults::Endpoint;

const MAX_CALLS: usize = 5_000;

/// One call, batch items included. `status` is 0 while the call waits at a barrier or hangs.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    pub endpoint: Endpoint,
    pub method: String,
    pub path: String,
    /// Query and form values as received, including secrets, which `Debug` redacts, but without uploaded `bytes`.
    pub params: Vec<(String, String)>,
    pub in_batch: bool,
    pub status: u16,
}

const SECRET_PARAMS: [&str; 9] = [
    "access_token",
    "client_secret",
    "fb_exchange_token",
    "input_token",
    "code",
    "code_verifier",
    "appsecret_proof",
    "state",
    "batch",
];

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {} [", self.endpoint, self.method, self.path)?;
        for (name, value) in &self.params {
            let shown = if SECRET_PARAMS.contains(&name.as_str()) { "…" } else { value };
            write!(f, " {name}={shown}")?;
        }
        write!(f, " ] in_batch={} status={}", self.in_batch, self.status)
    }
}

#[derive(Debug, Default)]
pub(crate) struct CallLog {
    calls: VecDeque<(u64, Call)>,
    counts: HashMap<Endpoint, usize>,
    next: u64,
}

impl CallLog {
    /// Logs a call on arrival, without a status. Returns its number for `record_status`.
    pub(crate) fn record(&mut self, mut call: Call) -> u64 {
        call.params.retain(|(name, _)| name != "bytes");
        *self.counts.entry(call.endpoint).or_default() += 1;
        if self.calls.len() == MAX_CALLS {
            self.calls.pop_front();
        }
        self.next += 1;
        self.calls.push_back((self.next, call));
        self.next
    }

    pub(crate) fn record_status(&mut self, number: u64, status: u16) {
        let found = self.calls.iter_mut().rev().find(|(recorded, _)| *recorded == number);
        if let Some((_, call)) = found {
            call.status = status;
        }
    }

    pub(crate) fn list(&self) -> Vec<Call> {
        self.calls.iter().map(|(_, call)| call.clone()).collect()
    }

    /// The last `count` calls, newest first.
    pub(crate) fn recent(&self, count: usize) -> impl Iterator<Item = &Call> {
        self.calls.iter().rev().take(count).map(|(_, call)| call)
    }

    pub(crate) fn total(&self) -> usize {
        self.counts.values().sum()
    }

    pub(crate) fn count(&self, endpoint: Endpoint) -> usize {
        self.counts.get(&endpoint).copied().unwrap_or(0)
    }

    pub(crate) fn clear(&mut self) {
        self.calls.clear();
        self.counts.clear();
    }
}
