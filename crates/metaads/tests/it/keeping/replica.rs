//! The binary as a process of its own beside a world: to be killed.

use std::process::{Child, Command, Stdio};

use crate::world::World;

/// A running replica; killed with SIGKILL when dropped.
pub struct Replica {
    child: Child,
    pub base: String,
    pub port: u16,
}

impl Replica {
    /// Starts one on the world's database, with the world's Meta, and waits until it answers.
    pub async fn start(world: &World) -> Replica {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Replica::start_at(world, port).await
    }

    /// The same on a port of one that was killed.
    pub async fn start_at(world: &World, port: u16) -> Replica {
        let base = format!("http://127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_metaads"))
            .current_dir(world.folder.path())
            .env_clear()
            .envs(world.environment().iter().cloned())
            .env("METAADS_LISTEN", format!("127.0.0.1:{port}"))
            .env("PUBLIC_URL", &base)
            .env("METAADS_JOBS_INTERVAL", "200ms")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let replica = Replica { child, base, port };
        let health = format!("{}/healthz", replica.base);
        // The process needs its time; nothing else can be waited for.
        while reqwest::get(&health).await.is_err() {
            tokio::task::yield_now().await;
        }
        replica
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; gives how long it took to stop, and whether it stopped well.
    pub fn stop(mut self) -> (std::time::Duration, bool) {
        let began = std::time::Instant::now();
        let told = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        let status = self.child.wait().unwrap();
        (began.elapsed(), status.success())
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A world whose clock shows what the machine's does: processes read that one.
pub async fn world_of_today(crowd: usize) -> World {
    let world = World::of(&[("METAADS_SIGNIN_LIMITS", "off")], crowd).await;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    world.advance_to(i64::try_from(since.as_millis()).unwrap());
    world
}

/// A lease that a killed process held runs out: as if its minute had passed.
pub async fn let_leases_run_out(world: &World) {
    let longest = world.app.now() + 120_000;
    let held = world.number(&format!("SELECT COUNT(*) FROM jobs WHERE leased_until > {longest}")).await;
    assert_eq!(held, 0, "no lease is longer than its minute");
    world.sql("UPDATE jobs SET leased_until = 1 WHERE leased_until > 0").await;
}
