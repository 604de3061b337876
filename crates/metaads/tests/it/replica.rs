//! The binary as a process on a world's database and sandbox, to be killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::world::World;

/// A running replica. It is killed with SIGKILL when dropped.
pub struct Replica {
    child: Child,
    pub base: String,
    pub port: u16,
    /// Kept open: the process would fail to print to a closed pipe.
    output: Option<BufReader<ChildStdout>>,
}

impl Replica {
    /// Starts a replica and waits until it listens.
    pub async fn start(world: &World) -> Replica {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Replica::start_at(world, port).await
    }

    /// The same on the port of a replica that was killed.
    pub async fn start_at(world: &World, port: u16) -> Replica {
        let base = format!("http://127.0.0.1:{port}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_metaads"))
            .current_dir(world.folder.path())
            .env_clear()
            .envs(world.environment().iter().cloned())
            .env("METAADS_LISTEN", format!("127.0.0.1:{port}"))
            .env("PUBLIC_URL", &base)
            .env("METAADS_JOBS_INTERVAL", "200ms")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let mut replica = Replica { child, base, port, output: None };
        replica.output = Some(tokio::task::spawn_blocking(|| wait_for_banner(output)).await.unwrap());
        replica
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM. Returns how long the process took to stop, and whether it exited with success.
    pub fn stop(mut self) -> (std::time::Duration, bool) {
        let started = std::time::Instant::now();
        let kill = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(kill.success());
        let status = self.child.wait().unwrap();
        (started.elapsed(), status.success())
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The banner is printed once the socket is bound, so that requests are answered from then on.
fn wait_for_banner(output: ChildStdout) -> BufReader<ChildStdout> {
    let mut output = BufReader::new(output);
    let mut printed = String::new();
    while !printed.contains("MetaAds") {
        assert_ne!(output.read_line(&mut printed).unwrap(), 0, "the replica did not start");
    }
    output
}

/// A world whose clock shows the time of the machine, which is the clock of a replica.
pub async fn real_time_world(bulk_users: usize) -> World {
    let world = World::with_bulk_users(&[("METAADS_SIGNIN_LIMITS", "off")], bulk_users).await;
    world.advance_to_real_time();
    world
}

/// Expires the leases that killed replicas held, as if their minute had passed.
pub async fn expire_leases(world: &World) {
    let longest = world.app.now() + 120_000;
    let held = world.number(&format!("SELECT COUNT(*) FROM jobs WHERE leased_until > {longest}")).await;
    assert_eq!(held, 0, "no lease is longer than two minutes");
    world.sql("UPDATE jobs SET leased_until = 1 WHERE leased_until > 0").await;
}
