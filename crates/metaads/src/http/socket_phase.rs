//! What a connection is doing, as far as its listener has to know: whether the service waits for the client, and since
//! when. Written by the listener and by whoever reads a body; read by the listener, which ends what takes too long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Nothing has been received yet.
    Silent,
    /// A head has begun to arrive.
    Head,
    /// A body is being read.
    Body,
    /// A request is being handled: the client waits for us.
    Working,
    /// A response is there; it is not sent yet.
    Answering,
    /// The client does not read the response.
    Writing,
    /// Between two requests.
    Idle,
    /// The response to a request that was not read to its end is sent; what still arrives is discarded.
    Closing,
}

impl Phase {
    const ALL: [Phase; 8] = [
        Phase::Silent,
        Phase::Head,
        Phase::Body,
        Phase::Working,
        Phase::Answering,
        Phase::Writing,
        Phase::Idle,
        Phase::Closing,
    ];

    /// Whether the next step is the client's.
    pub fn waits_for_client(self) -> bool {
        match self {
            Phase::Working | Phase::Answering => false,
            Phase::Silent | Phase::Head | Phase::Body | Phase::Writing | Phase::Idle | Phase::Closing => true,
        }
    }
}

/// The phase of one connection.
#[derive(Debug)]
pub struct SocketPhase {
    opened: Instant,
    /// Milliseconds since `opened` at which the phase began, times eight, plus the phase.
    packed: AtomicU64,
}

impl SocketPhase {
    pub fn new() -> SocketPhase {
        SocketPhase { opened: Instant::now(), packed: AtomicU64::new(Phase::Silent as u64) }
    }

    /// The phase, and when it began.
    pub fn now(&self) -> (Phase, Instant) {
        let packed = self.packed.load(Ordering::SeqCst);
        let phase = Phase::ALL[usize::try_from(packed % 8).unwrap_or_default()];
        (phase, self.opened + std::time::Duration::from_millis(packed / 8))
    }

    /// Enters a phase. One that lasts keeps the moment at which it began: bytes that trickle prolong nothing.
    pub fn enter(&self, phase: Phase) {
        if self.now().0 != phase {
            let since = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX / 8);
            self.packed.store(since * 8 + phase as u64, Ordering::SeqCst);
        }
    }

    /// Enters a phase if the connection is in one of these.
    pub fn enter_from(&self, from: &[Phase], phase: Phase) {
        if from.contains(&self.now().0) {
            self.enter(phase);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_is_read_as_it_was_entered_and_keeps_its_beginning() {
        let socket = SocketPhase::new();
        assert_eq!(socket.now().0, Phase::Silent);
        for phase in Phase::ALL {
            socket.enter(phase);
            let before = socket.now();
            assert_eq!(before.0, phase);
            socket.enter(phase);
            assert_eq!(socket.now(), before);
        }
        socket.enter_from(&[Phase::Idle], Phase::Head);
        assert_eq!(socket.now().0, Phase::Closing);
    }
}
