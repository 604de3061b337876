//! Runs Meta's official SDKs and two login libraries against the sandbox, the libraries of Standard Webhooks against the
//! service (`crates/sandbox/tests/sdks`, which also pins their versions), and programs against the service (`programs`).
//! Packages are installed from PyPI and npm into `target/sdks`, again only when a pin changes.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::process::{Context as _, Outcome, cargo, failure, free_port, root, run};
use crate::{install, programs};

pub fn check() -> Outcome {
    let binary = binary()?;
    let tests = root().join("crates/sandbox/tests/sdks");
    let requirements = tests.join("requirements.txt");
    let pins = std::fs::read_to_string(&requirements).context(requirements.display())?;
    let python =
        install::python("sdks/python", &pins, &["-r", &requirements.to_string_lossy()])?.join("python");
    let modules = install::node("sdks/node", &tests.join("package.json"))?;
    let sandbox = Server::sandbox(&binary)?;
    let service = Server::demo(&binary)?;

    let mut pytest = Command::new(&python);
    pytest.args(["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]).arg(tests.join("python"));
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    let mut suites = vec![pytest];
    // They share the sandbox and its faults, so they run one after the other.
    for name in ["business-sdk", "campaigns", "passport", "webhooks"] {
        let mut node = Command::new("node");
        node.args(["--test", "--test-reporter=spec"]).arg(tests.join(format!("node/{name}.test.js")));
        node.env("NODE_PATH", &modules).env("NO_COLOR", "1");
        suites.push(node);
    }
    suites.extend(programs::suites(&binary, &python, &modules)?);
    let mut total = Tally::default();
    for suite in &mut suites {
        let tally = run_suite(suite.env("SANDBOX_URL", sandbox.url()).env("METAADS_URL", service.url()))?;
        total.passed += tally.passed;
        total.failed += tally.failed;
    }
    println!("sdks: {} passed, {} failed", total.passed, total.failed);
    match total.failed {
        0 => Ok(()),
        failed => Err(failure(format!("{failed} of the tests with official SDKs failed"))),
    }
}

/// The program that is tested: the one that METAADS_BIN names, or the one of this tree.
fn binary() -> Outcome<PathBuf> {
    if let Some(binary) = std::env::var_os("METAADS_BIN") {
        return Ok(binary.into());
    }
    run(&mut cargo("build -q --locked -p metaads --bin metaads"))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("debug/metaads"))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u32,
    failed: u32,
}

/// Runs one suite and shows its output if a test failed. A suite that aborts counts as one failure.
fn run_suite(command: &mut Command) -> Outcome<Tally> {
    let program = command.get_program().to_string_lossy().into_owned();
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().context(program)?;
    let text = String::from_utf8_lossy(&stdout);
    let mut tally = parse_summary(&text);
    if status.success() && tally.failed == 0 && tally.passed > 0 {
        return Ok(tally);
    }
    println!("{text}{}", String::from_utf8_lossy(&stderr));
    tally.failed = tally.failed.max(1);
    Ok(tally)
}

/// pytest ends with "2 failed, 17 passed in 1.03s", Node with one line for each number: "ℹ pass 14".
fn parse_summary(text: &str) -> Tally {
    let mut tally = Tally::default();
    for line in text.lines() {
        // After a minute pytest adds the time in minutes, in parentheses.
        let is_word = |word: &&str| !word.is_empty() && !word.starts_with('(');
        let words: Vec<&str> = line.split([' ', ',']).filter(is_word).collect();
        let number = |word: &str| word.parse::<u32>().unwrap_or(0);
        match words.as_slice() {
            ["ℹ", "pass", passed] => tally.passed = number(passed),
            ["ℹ", "fail", failed] => tally.failed = number(failed),
            [.., "in", _] => {
                for pair in words.windows(2) {
                    match pair[1] {
                        "passed" => tally.passed = number(pair[0]),
                        "failed" | "error" | "errors" => tally.failed += number(pair[0]),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    tally
}

/// A running sandbox or service; stopped when dropped.
#[derive(Debug)]
struct Server {
    running: Child,
    port: u16,
}

impl Server {
    fn sandbox(binary: &Path) -> Outcome<Server> {
        let port = free_port()?;
        let mut command = Command::new(binary);
        command.args(["sandbox", "--listen"]).arg(format!("127.0.0.1:{port}"));
        Server::start(command, port)
    }

    /// The service as a newcomer starts it, with a new database.
    fn demo(binary: &Path) -> Outcome<Server> {
        let (port, folder) = (free_port()?, root().join("target/sdks/demo"));
        // It may not exist yet.
        let _ = std::fs::remove_dir_all(&folder);
        let mut command = Command::new(binary);
        command.env("METAADS_LISTEN", format!("127.0.0.1:{port}")).env("METAADS_DATA_DIR", folder);
        command.env("RUST_LOG", "warn").env("PUBLIC_URL", format!("http://127.0.0.1:{port}"));
        Server::start(command, port)
    }

    fn start(mut command: Command, port: u16) -> Outcome<Server> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut server = Server { running: command.spawn().context("starting a server")?, port };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(server);
            }
            if let Some(status) = server.running.try_wait().context("waiting for a server")? {
                return Err(failure(format!("a server ended with {status}")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(failure("a server did not start within 60 s"))
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_lines_of_both_test_runners_are_parsed() {
        let tally = |passed, failed| Tally { passed, failed };
        assert_eq!(parse_summary("...\n31 passed, 2 warnings in 1.03s\n"), tally(31, 0));
        assert_eq!(parse_summary("5 passed in 65.03s (0:01:05)\n"), tally(5, 0));
        assert_eq!(parse_summary("2 failed, 17 passed, 1 error in 0.98s"), tally(17, 3));
        assert_eq!(parse_summary("1 error in 0.12s"), tally(0, 1));
        assert_eq!(parse_summary("✔ me (4.5ms)\nℹ tests 15\nℹ pass 14\nℹ fail 1\n"), tally(14, 1));
        assert_eq!(parse_summary("no tests ran in 0.01s"), tally(0, 0));
    }
}
