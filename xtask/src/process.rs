//! Running other programs: their exit code is ours, their output stays where the reader is.

use std::fmt::Display;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Why a step failed, and what the process shall exit with.
#[derive(Debug)]
pub struct Failure {
    pub text: String,
    pub code: u8,
}

pub type Outcome<T = ()> = Result<T, Failure>;

pub fn failure(text: impl Display) -> Failure {
    Failure { text: text.to_string(), code: 1 }
}

/// Names what was being done when an error of the system came up.
pub trait Doing<T> {
    fn doing(self, what: impl Display) -> Outcome<T>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, what: impl Display) -> Outcome<T> {
        self.map_err(|error| failure(format!("{what}: {error}")))
    }
}

/// The folder of the workspace. Cargo names it at run time: a clone that shares its target folder
/// with another may run the other's binary.
pub fn root() -> PathBuf {
    let mut root =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into()));
    root.pop();
    root
}

/// Cargo at the root, asking no database: the statements are compiled from the committed data.
pub fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' ')).current_dir(root());
    command.env("SQLX_OFFLINE", "true").env_remove("SQLX_OFFLINE_DIR");
    command
}

/// Runs a program to its end, its output shown as it comes.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.stdin(Stdio::null()).status().doing(name(command))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure { text: format!("{} ended with {status}", name(command)), code })
}

/// Runs a program to its end and gives what it printed; what it complained of is shown on failure.
pub fn read(command: &mut Command) -> Outcome<String> {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().doing(name(command))?;
    let text = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        return Ok(text);
    }
    let complaint = String::from_utf8_lossy(&stderr);
    Err(failure(format!("{} ended with {status}\n{text}{complaint}", name(command))))
}

/// A loopback port that nobody listens on.
pub fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing("looking for a free port")?;
    Ok(listener.local_addr().doing("looking for a free port")?.port())
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
