//! A throw-away PostgreSQL server on a loopback port: superuser `app`, no password, nothing kept.
//!
//! A guard outlives this process for a moment: a shell that waits for the end of its input, which
//! comes when [`Server`] is dropped and also when this process is killed. It then stops the server
//! and removes its folder.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process::{Doing as _, Outcome, failure, free_port, read};

/// PostgreSQL refuses to run as root: there it runs as `nobody`, of group `nogroup`.
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
        // One that is there is of a process long gone: a number of this process belongs to it alone.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir).doing(format!("creating {}", dir.display()))?;
        let port = free_port()?;
        if is_root(&dir)? {
            chown(&dir, Some(NOBODY), Some(NOBODY)).doing("handing the folder to nobody")?;
        }
        let mut guard = Command::new("sh");
        guard.arg("-c").arg(GUARD).arg("guard").arg(&bin).arg(&dir).stdin(Stdio::piped());
        let guard = unprivileged(&mut guard, &dir)?.spawn().doing("starting sh")?;
        let server = Server { guard, dir, bin, port };
        server.initialise()?;
        Ok(server)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://app@127.0.0.1:{}/{database}", self.port)
    }

    /// `psql` on a database, stopping at the first error, rows unadorned and columns parted by `|`.
    pub fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"]).arg(self.url(database));
        command
    }

    fn initialise(&self) -> Outcome {
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
        // The server inherits the output; were it a pipe, reading it would wait for the server's end.
        let status = unprivileged(&mut start, &self.dir)?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .doing("starting PostgreSQL")?;
        if status.success() {
            return Ok(());
        }
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        Err(failure(format!("PostgreSQL did not start:\n{said}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // The guard ends by itself, waited for or not.
        let _ = self.guard.wait();
    }
}

/// The program folder of the newest installed server.
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

/// Whether this process, which made `path`, runs as root.
fn is_root(path: &Path) -> Outcome<bool> {
    Ok(std::fs::metadata(path).doing(path.display())?.uid() == 0)
}
