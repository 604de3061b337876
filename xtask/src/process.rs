//! Runs other programs: their exit code becomes ours, and their output goes to our terminal.

use std::fmt::Display;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Why a step failed, and the exit code of the process.
#[derive(Debug)]
pub struct Failure {
    pub text: String,
    pub code: u8,
}

pub type Outcome<T = ()> = Result<T, Failure>;

pub fn failure(text: impl Display) -> Failure {
    Failure { text: text.to_string(), code: 1 }
}

/// Adds to an I/O error what was being done.
pub trait Context<T> {
    fn context(self, what: impl Display) -> Outcome<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn context(self, what: impl Display) -> Outcome<T> {
        self.map_err(|error| failure(format!("{what}: {error}")))
    }
}

/// The folder of the workspace. Cargo passes it at run time, because clones that share a target folder may run each
/// other's binary.
pub fn root() -> PathBuf {
    let mut root =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into()));
    root.pop();
    root
}

/// A file below `target/xtask`, which is created where it is missing.
pub fn state_file(name: &str) -> PathBuf {
    let folder = root().join("target/xtask");
    // Writing the file reports the error.
    let _ = std::fs::create_dir_all(&folder);
    folder.join(name)
}

/// Cargo at the root. Statements are checked against the committed data, without a database.
pub fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' ')).current_dir(root());
    command.env("SQLX_OFFLINE", "true").env_remove("SQLX_OFFLINE_DIR");
    command
}

/// Runs a program and shows its output as it comes.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.stdin(Stdio::null()).status().context(name(command))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure { text: format!("{} ended with {status}", name(command)), code })
}

/// Runs a program and returns what it printed. Its standard error is shown if it fails.
pub fn read(command: &mut Command) -> Outcome<String> {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().context(name(command))?;
    let text = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&stderr);
    Err(failure(format!("{} ended with {status}\n{text}{errors}", name(command))))
}

/// A free loopback port.
pub fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr().context("looking for a free port")?.port())
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
