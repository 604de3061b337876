//! Prints the steps of a command with their durations, and how long each took the last time, from
//! `target/xtask/<command>-seconds`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use crate::process::{Outcome, state_file};

#[derive(Debug)]
pub struct Steps {
    started: Instant,
    file: PathBuf,
    last_seconds: BTreeMap<String, f64>,
}

impl Steps {
    pub fn begin(command: &str) -> Steps {
        let file = state_file(&format!("{command}-seconds"));
        let last_seconds = parse(&fs::read_to_string(&file).unwrap_or_default());
        let total: f64 = last_seconds.values().sum();
        if total > 0.0 {
            println!("The last run took {total:.0} s.");
        }
        Steps { started: Instant::now(), file, last_seconds }
    }

    pub fn run(&mut self, name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
        match self.last_seconds.get(name) {
            Some(seconds) => println!("==> {name} (last time {seconds:.0} s)"),
            None => println!("==> {name}"),
        }
        // A line that appears late is no reason to stop.
        let _ = std::io::stdout().flush();
        let started = Instant::now();
        let outcome = work();
        let seconds = started.elapsed().as_secs_f64();
        match &outcome {
            Ok(()) => {
                println!("ok  {name} ({seconds:.1} s)");
                self.last_seconds.insert(name.to_owned(), seconds);
                // Without the file the next run only lacks the estimate.
                let _ = fs::write(&self.file, format(&self.last_seconds));
            }
            Err(_) => println!("FAILED {name} ({seconds:.1} s)"),
        }
        outcome
    }

    pub fn end(self) {
        println!("ok  everything ({:.1} s)", self.started.elapsed().as_secs_f64());
    }
}

/// One step a line: its name, a tab, its seconds. Lines of another form are skipped.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    pairs.filter_map(|(name, seconds)| Some((name.to_owned(), seconds.parse().ok()?))).collect()
}

fn format(seconds: &BTreeMap<String, f64>) -> String {
    seconds.iter().map(|(name, seconds)| format!("{name}\t{seconds:.1}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_parsed_as_they_are_written() {
        let seconds = BTreeMap::from([("sql".to_owned(), 0.5), ("tests on SQLite".to_owned(), 133.0)]);
        assert_eq!(parse(&format(&seconds)), seconds);
        assert_eq!(parse("broken\nsql\tsoon\n"), BTreeMap::new());
    }
}
