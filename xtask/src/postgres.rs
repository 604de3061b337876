//! A temporary PostgreSQL server on a loopback port: superuser `app`, no password, no durability.
//!
//! A guard process outlives this one for a moment: a shell that waits for the end of its input, which comes when
//! [`Server`] is dropped, and also when this process is killed. It then stops the server and removes its folder.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process::{Context as _, Outcome, failure, free_port, read};

/// PostgreSQL refuses to run as root, so root starts it as `nobody:nogroup`.
const NOBODY: u32 = 65534;

const GUARD: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
"$1/pg_ctl" stop -s -m immediate -D "$2/data" >/dev/null 2>&1
cd / && rm -rf "$2"
"#;

#[derive(Debug)]
pub struct Server {
    guard: Child,
    dir: PathBuf,
    bin: PathBuf,
    port: u16,
}

impl Server {
    pub fn start() -> Outcome<Server> {
        let bin = newest_server()?;
        let dir = std::env::temp_dir().join(format!("metaads-postgres-{}", std::process::id()));
        // A folder with our process id was left by a process that is gone.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir).context(format!("creating {}", dir.display()))?;
        let port = free_port()?;
        if is_root(&dir)? {
            chown(&dir, Some(NOBODY), Some(NOBODY)).context("changing the owner of the folder to nobody")?;
        }
        let mut guard = Command::new("sh");
        guard.arg("-c").arg(GUARD).arg("guard").arg(&bin).arg(&dir).stdin(Stdio::piped());
        let guard = unprivileged(&mut guard, &dir)?.spawn().context("starting sh")?;
        let server = Server { guard, dir, bin, port };
        server.initialize()?;
        Ok(server)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://app@127.0.0.1:{}/{database}", self.port)
    }

    /// `psql` on a database: stops at the first error, prints bare rows with columns separated by `|`.
    pub fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"]).arg(self.url(database));
        command
    }

    fn initialize(&self) -> Outcome {
        let data = self.dir.join("data");
        let mut initdb = Command::new(self.bin.join("initdb"));
        initdb.args(["-U", "app", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C", "-D"]).arg(&data);
        read(unprivileged(&mut initdb, &self.dir)?)?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories='{}' -c max_connections=300 \
             -c fsync=off -c full_page_writes=off -c synchronous_commit=off",
            self.port,
            self.dir.display()
        );
        let log = self.dir.join("log");
        let mut start = Command::new(self.bin.join("pg_ctl"));
        start.args(["start", "-s", "-w", "-t", "120", "-o", &options, "-D"]).arg(&data).arg("-l").arg(&log);
        // The server inherits the output. Reading a pipe would wait until the server ends.
        let status = unprivileged(&mut start, &self.dir)?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("starting PostgreSQL")?;
        if status.success() {
            return Ok(());
        }
        let printed = std::fs::read_to_string(&log).unwrap_or_default();
        Err(failure(format!("PostgreSQL did not start:\n{printed}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // The guard ends even if waiting fails.
        let _ = self.guard.wait();
    }
}

/// The folder with the programs of the newest installed server.
fn newest_server() -> Outcome<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql");
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in versions.read_dir().into_iter().flatten().flatten() {
        let bin = entry.path().join("bin");
        let version = entry.file_name().to_string_lossy().parse().unwrap_or_default();
        if bin.join("initdb").exists() && bin.join("psql").exists() {
            found.push((version, bin));
        }
    }
    match found.into_iter().max() {
        Some((_, bin)) => Ok(bin),
        None => Err(failure(
            "no PostgreSQL server under /usr/lib/postgresql: install Debian's package postgresql",
        )),
    }
}

fn unprivileged<'a>(command: &'a mut Command, dir: &Path) -> Outcome<&'a mut Command> {
    if is_root(Path::new("/proc/self"))? {
        command.uid(NOBODY).gid(NOBODY);
    }
    Ok(command.current_dir(dir))
}

/// Whether this process runs as root: whether root owns `path`, which it created.
fn is_root(path: &Path) -> Outcome<bool> {
    Ok(std::fs::metadata(path).context(path.display())?.uid() == 0)
}
