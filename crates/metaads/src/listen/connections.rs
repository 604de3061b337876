//! The open connections: which one has to make room for a new one, and which one has waited too long for its client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, oneshot};

use crate::http::client_info::network;
use crate::http::socket_phase::{Phase, SocketPhase};
use crate::listen::limits::{Limits, RESERVE};

#[derive(Debug)]
pub struct Connections {
    limits: Limits,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    open: Mutex<Open>,
    /// A connection is gone.
    gone: Notify,
}

#[derive(Debug, Default)]
struct Open {
    by_number: HashMap<u64, Entry>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    /// None for peers that stand for many clients.
    client: Option<String>,
    socket: Arc<SocketPhase>,
    /// None once it was told to close.
    close: Option<oneshot::Sender<()>>,
}

/// A connection that was let in; out of the list when dropped.
#[derive(Debug)]
pub struct Admitted {
    shared: Arc<Shared>,
    number: u64,
    pub socket: Arc<SocketPhase>,
    /// Resolves when the connection has to close.
    pub closed: oneshot::Receiver<()>,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub enum Peer {
    Client(IpAddr),
    /// A proxy, or this machine itself.
    Proxy,
}

/// Whether a new connection may come in.
#[derive(Debug)]
pub enum Admission {
    Open(Admitted),
    /// The same, but nobody waits for a client any longer: work that only waits should end.
    OpenAndCrowded(Admitted),
    /// Not yet: the connections that make room are still closing.
    Later,
    Refused,
}

impl Connections {
    pub fn new(limits: Limits) -> Connections {
        Connections { limits, shared: Arc::default() }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.shared.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when a connection is gone after this call.
    pub fn gone(&self) -> Notified<'_> {
        self.shared.gone.notified()
    }

    /// Lets a connection in. Where there are too many, the one that has waited longest for its client is closed.
    pub fn admit(&self, peer: Peer) -> Admission {
        let mut open = self.open();
        if open.by_number.len() >= self.limits.connections + RESERVE {
            let is_closing = open.number_of(|_| true) < open.by_number.len();
            return if is_closing || open.make_room(|_| true) {
                Admission::Later
            } else {
                Admission::Refused
            };
        }
        let client = match peer {
            Peer::Client(ip) => Some(network(&ip)),
            Peer::Proxy => None,
        };
        if client.is_some()
            && open.number_of(|entry| entry.client == client) >= self.limits.connections_of_one_client
            && !open.make_room(|entry| entry.client == client)
        {
            return Admission::Refused;
        }
        let is_full = open.number_of(|_| true) >= self.limits.connections;
        let is_crowded = is_full && !open.make_room(|_| true);
        let (close, closed) = oneshot::channel();
        let socket = Arc::new(SocketPhase::new());
        let number = open.next;
        open.next += 1;
        open.by_number.insert(number, Entry { client, socket: Arc::clone(&socket), close: Some(close) });
        let admitted = Admitted { shared: Arc::clone(&self.shared), number, socket, closed };
        if is_crowded { Admission::OpenAndCrowded(admitted) } else { Admission::Open(admitted) }
    }

    /// Closes the connection that has waited longest for its client.
    pub fn make_room(&self) {
        self.open().make_room(|_| true);
    }

    /// Closes every connection whose client takes too long.
    pub fn close_overdue(&self) {
        let limits = self.limits;
        let now = Instant::now();
        self.open().close_where(|phase, since| {
            limits.of(phase).is_some_and(|limit| now.saturating_duration_since(since) > limit)
        });
    }

    /// Closes every connection on which no request has begun.
    pub fn close_unused(&self) {
        self.open().close_where(|phase, _| matches!(phase, Phase::Silent | Phase::Idle));
    }

    /// Closes every connection that has waited longer than this for its client.
    pub fn close_waiting(&self, longer_than: Duration) {
        let now = Instant::now();
        self.open().close_where(|phase, since| {
            phase.waits_for_client() && now.saturating_duration_since(since) > longer_than
        });
    }
}

impl Open {
    fn number_of(&self, counts: impl Fn(&Entry) -> bool) -> usize {
        self.by_number.values().filter(|entry| entry.close.is_some() && counts(entry)).count()
    }

    /// Closes the one of these that has waited longest for its client. False if each is being served.
    fn make_room(&mut self, among: impl Fn(&Entry) -> bool) -> bool {
        let waiting = self.by_number.values_mut().filter(|entry| entry.close.is_some() && among(entry));
        let waiting = waiting.filter_map(|entry| {
            let (phase, since) = entry.socket.now();
            phase.waits_for_client().then_some((since, entry))
        });
        match waiting.min_by_key(|(since, _)| *since) {
            Some((_, entry)) => {
                entry.close();
                true
            }
            None => false,
        }
    }

    fn close_where(&mut self, is_over: impl Fn(Phase, Instant) -> bool) {
        for entry in self.by_number.values_mut() {
            let (phase, since) = entry.socket.now();
            if is_over(phase, since) {
                entry.close();
            }
        }
    }
}

impl Entry {
    fn close(&mut self) {
        if let Some(close) = self.close.take() {
            // One that has just ended needs no closing.
            let _ = close.send(());
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).by_number.remove(&self.number);
        self.shared.gone.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn limits(connections: usize, connections_of_one_client: usize) -> Limits {
        Limits { connections, connections_of_one_client, ..Limits::default() }
    }

    fn client(last: u8) -> Peer {
        Peer::Client(IpAddr::from([192, 0, 2, last]))
    }

    #[track_caller]
    fn opened(admission: Admission) -> Admitted {
        match admission {
            Admission::Open(admitted) => admitted,
            Admission::OpenAndCrowded(_) | Admission::Later | Admission::Refused => panic!("{admission:?}"),
        }
    }

    #[test]
    fn the_connection_that_waits_longest_makes_room_and_one_that_is_served_stays() {
        let connections = Connections::new(limits(3, 10));
        let mut served = opened(connections.admit(client(1)));
        served.socket.enter(Phase::Working);
        let mut silent = opened(connections.admit(client(2)));
        let mut idle = opened(connections.admit(client(3)));
        idle.socket.enter(Phase::Idle);
        let mut new = opened(connections.admit(client(4)));
        assert!(silent.closed.try_recv().is_ok());
        for stays in [&mut served, &mut idle, &mut new] {
            assert!(stays.closed.try_recv().is_err());
        }
    }

    #[test]
    fn where_every_connection_is_served_a_few_more_come_in_and_the_rest_is_refused() {
        let connections = Connections::new(limits(2, 1_000));
        let mut held = Vec::new();
        for number in 0..2 + RESERVE {
            let admission = connections.admit(client(1));
            let (Admission::Open(admitted) | Admission::OpenAndCrowded(admitted)) = admission else {
                panic!("{number} was refused");
            };
            admitted.socket.enter(Phase::Working);
            held.push(admitted);
        }
        assert!(matches!(connections.admit(client(1)), Admission::Refused));
        held[0].socket.enter(Phase::Idle);
        assert!(
            matches!(connections.admit(client(1)), Admission::Later) && held[0].closed.try_recv().is_ok()
        );
        assert!(matches!(connections.admit(client(1)), Admission::Later));
        let gone = connections.gone();
        held.remove(0);
        assert!(gone.now_or_never().is_some());
        assert!(matches!(connections.admit(client(1)), Admission::OpenAndCrowded(_)));
    }

    #[test]
    fn one_client_has_a_share_and_a_proxy_has_none() {
        let connections = Connections::new(limits(100, 2));
        let mut held: Vec<Admitted> = (0..2).map(|_| opened(connections.admit(client(1)))).collect();
        held[0].socket.enter(Phase::Working);
        held[1].socket.enter(Phase::Working);
        assert!(matches!(connections.admit(client(1)), Admission::Refused));
        held[1].socket.enter(Phase::Idle);
        held.push(opened(connections.admit(client(1))));
        assert!(held[1].closed.try_recv().is_ok() && held[0].closed.try_recv().is_err());
        held.push(opened(connections.admit(client(2))));
        held.extend((0..50).map(|_| opened(connections.admit(Peer::Proxy))));
    }

    #[test]
    fn what_takes_too_long_is_closed_and_a_stop_closes_what_is_unused() {
        let short = Limits { head: Duration::ZERO, ..Limits::default() };
        let connections = Connections::new(short);
        let [mut silent, mut idle, mut served] = [(); 3].map(|()| opened(connections.admit(Peer::Proxy)));
        idle.socket.enter(Phase::Idle);
        served.socket.enter(Phase::Working);
        while silent.closed.try_recv().is_err() {
            connections.close_overdue();
        }
        assert!(idle.closed.try_recv().is_err());
        connections.close_unused();
        assert!(idle.closed.try_recv().is_ok() && served.closed.try_recv().is_err());
    }
}
