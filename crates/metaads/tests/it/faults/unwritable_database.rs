//! A database that cannot be written: a full disk, a read-only disk, a read-only PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::Connection as _;
use tempfile::TempDir;

use crate::browser::{Browser, PASSWORD};
use crate::world::{World, days};

/// A mounted file system of 6 MiB; unmounted when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None where this process may not mount.
    fn mount() -> Option<SmallDisk> {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=6m", "none"]).arg(folder.path());
        succeeds(&mut mount).then(|| SmallDisk(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, mode: &str) {
        assert!(succeeds(Command::new("mount").args(["-o", &format!("remount,{mode}")]).arg(self.path())));
    }

    /// Fills the disk. Returns the file that does so.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        succeeds(Command::new("dd").args(["if=/dev/zero", "bs=1k"]).arg(format!("of={}", path.display())));
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        succeeds(Command::new("umount").args(["-l"]).arg(self.0.path()));
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// A connected user; enough time has passed for a refresh.
async fn connected(world: &World) -> (Browser, String) {
    let connected = world.connected().await;
    world.advance(days(3));
    connected
}

/// Asserts that every surface reports that nothing can be written.
async fn assert_unavailable(world: &World, browser: &Browser, id: &str, reason: &str) {
    let ready = browser.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.has(reason), "{}", ready.text);
    assert_eq!(browser.get("/healthz").await.status, 200, "the process is alive");
    let page = browser.post(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(page.status, 503, "{}", page.text);
    assert!(page.has("We can’t reach our database right now"), "{}", page.text);
    let page = browser.post("/connect/meta", &[]).await;
    assert_eq!(page.status, 503, "{}", page.text);
    assert!(metaads::worker::run_due(&world.app).await.is_err(), "no job is claimed");
}

async fn assert_recovered(world: &World, browser: &Browser, id: &str) {
    assert_eq!(browser.get("/readyz").await.status, 200);
    world.run_due_jobs().await;
    browser.login("a@b.example", PASSWORD).await;
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Access renewed."), "{}", page.text);
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn a_full_disk_is_reported_and_the_service_recovers() {
    let Some(disk) = SmallDisk::mount() else { return };
    let url = format!("sqlite://{}/metaads.db", disk.path().display());
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    let (browser, id) = connected(&world).await;
    let filler = disk.fill();
    assert_unavailable(&world, &browser, &id, "full").await;
    std::fs::remove_file(filler).unwrap();
    assert_recovered(&world, &browser, &id).await;
}

#[tokio::test]
async fn a_read_only_disk_is_reported_and_the_service_recovers() {
    let Some(disk) = SmallDisk::mount() else { return };
    let url = format!("sqlite://{}/metaads.db", disk.path().display());
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    let (browser, id) = connected(&world).await;
    // A disk can be remounted read-only only while no file is open for writing, so the service reopens its files.
    let mut world = world;
    world.app.store.close().await;
    disk.remount("ro");
    let refused = metaads_store::Store::open(&url).await.unwrap_err();
    assert!(refused.why().contains("read-only"), "{refused:?}");
    disk.remount("rw");
    world.restart_with(&[("DATABASE_URL", &url)]).await;
    assert_recovered(&world, &browser, &id).await;
}

#[tokio::test]
async fn a_read_only_postgresql_is_reported_and_the_service_recovers() {
    let world = World::new().await;
    if world.is_sqlite() {
        return;
    }
    let (browser, id) = connected(&world).await;
    let name = world.database_url.rsplit('/').next().unwrap().to_owned();
    world.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    end_sessions(&world).await;
    assert_unavailable(&world, &browser, &id, "read-only").await;
    // The database's own read-only sessions cannot undo this.
    let server = std::env::var("METAADS_TEST_POSTGRES_URL").unwrap();
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    let reset = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    sqlx::query(sqlx::AssertSqlSafe(reset)).execute(&mut admin).await.unwrap();
    end_sessions(&world).await;
    assert_recovered(&world, &browser, &id).await;
}

/// Terminates the service's connections, as a failover does.
async fn end_sessions(world: &World) {
    world
        .sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
}
