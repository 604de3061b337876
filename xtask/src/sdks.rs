//! The official SDKs and two login libraries against the sandbox: `crates/sandbox/tests/sdks`, where the
//! versions are pinned too. They come from PyPI and npm into `target/sdks`, anew only where a pin changed.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::process::{Doing as _, Outcome, cargo, failure, free_port, root, run};

pub fn check() -> Outcome {
    run(&mut cargo("build -q --locked -p metaads --bin metaads"))?;
    let tests = root().join("crates/sandbox/tests/sdks");
    let python = python(&tests.join("requirements.txt"))?;
    let modules = node_modules(&tests.join("package.json"))?;
    let sandbox = Sandbox::start()?;

    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]).arg(tests.join("python"));
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    let mut suites = vec![pytest];
    // One after the other: they share the sandbox and its faults.
    for name in ["business-sdk", "passport"] {
        let mut node = Command::new("node");
        node.args(["--test", "--test-reporter=spec"]).arg(tests.join(format!("node/{name}.test.js")));
        node.env("NODE_PATH", &modules).env("NO_COLOR", "1");
        suites.push(node);
    }
    let mut total = Tally::default();
    for suite in &mut suites {
        let tally = perform(suite.env("SANDBOX_URL", sandbox.url()))?;
        total.passed += tally.passed;
        total.failed += tally.failed;
    }
    println!("sdks: {} passed, {} failed", total.passed, total.failed);
    match total.failed {
        0 => Ok(()),
        failed => Err(failure(format!("{failed} of the tests with official SDKs failed"))),
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u32,
    failed: u32,
}

/// Runs one suite; what it printed is shown if a test failed. A suite that breaks off counts as one more.
fn perform(command: &mut Command) -> Outcome<Tally> {
    let program = command.get_program().to_string_lossy().into_owned();
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().doing(program)?;
    let text = String::from_utf8_lossy(&stdout);
    let mut tally = count(&text);
    if status.success() && tally.failed == 0 && tally.passed > 0 {
        return Ok(tally);
    }
    println!("{text}{}", String::from_utf8_lossy(&stderr));
    tally.failed = tally.failed.max(1);
    Ok(tally)
}

/// pytest closes with "2 failed, 17 passed in 1.03s", Node with a line for each: "ℹ pass 14".
fn count(text: &str) -> Tally {
    let mut tally = Tally::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
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

/// The pretend Meta on a port of its own, until it is dropped.
#[derive(Debug)]
struct Sandbox {
    running: Child,
    port: u16,
}

impl Sandbox {
    fn start() -> Outcome<Sandbox> {
        let port = free_port()?;
        let mut command = cargo("run -q --locked -p metaads --bin metaads -- sandbox --listen");
        command.arg(format!("127.0.0.1:{port}")).stdin(Stdio::null()).stdout(Stdio::null());
        let mut sandbox = Sandbox { running: command.spawn().doing("cargo run")?, port };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(sandbox);
            }
            if let Some(status) = sandbox.running.try_wait().doing("waiting for the sandbox")? {
                return Err(failure(format!("the sandbox ended with {status}")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(failure("the sandbox did not start within 60 s"))
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // `cargo run` has become the sandbox itself; one that has ended needs no killing.
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

/// The Python that has what `pins` names.
fn python(pins: &Path) -> Outcome<PathBuf> {
    let folder = root().join("target/sdks/python");
    install(pins, &folder, || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = Command::new(folder.join("bin/pip"));
        run(pip.args(["install", "-q", "--disable-pip-version-check", "-r"]).arg(pins))
    })?;
    Ok(folder.join("bin/python"))
}

/// The folder with the Node packages that `pins` names.
fn node_modules(pins: &Path) -> Outcome<PathBuf> {
    let folder = root().join("target/sdks/node");
    install(pins, &folder, || {
        // What is missing need not be removed.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).doing(folder.display())?;
        std::fs::copy(pins, folder.join("package.json")).doing(pins.display())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--loglevel=error", "--no-audit", "--no-fund", "--no-package-lock"]);
        // The summary of an install is no news.
        run(npm.args(["--no-update-notifier", "--ignore-scripts"]).current_dir(&folder).stdout(Stdio::null()))
    })?;
    Ok(folder.join("node_modules"))
}

/// Does the work unless it was done for the same pins before.
fn install(pins: &Path, folder: &Path, work: impl FnOnce() -> Outcome) -> Outcome {
    let done = folder.join("installed");
    let wanted = std::fs::read_to_string(pins).doing(pins.display())?;
    if std::fs::read_to_string(&done).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    work()?;
    std::fs::write(&done, wanted).doing(done.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_both_runners_are_read() {
        let tally = |passed, failed| Tally { passed, failed };
        assert_eq!(count("...\n31 passed, 2 warnings in 1.03s\n"), tally(31, 0));
        assert_eq!(count("2 failed, 17 passed, 1 error in 0.98s"), tally(17, 3));
        assert_eq!(count("1 error in 0.12s"), tally(0, 1));
        assert_eq!(count("✔ me (4.5ms)\nℹ tests 15\nℹ pass 14\nℹ fail 1\n"), tally(14, 1));
        assert_eq!(count("no tests ran in 0.01s"), tally(0, 0));
    }
}
