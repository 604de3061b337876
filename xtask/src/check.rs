//! `cargo xtask test`: every check, in order, stopping at the first that fails.

use std::io::Write as _;
use std::time::Instant;

use crate::postgres::Server;
use crate::process::{Outcome, cargo, run};
use crate::sql;

pub fn all() -> Outcome {
    let started = Instant::now();
    step("format", || run(&mut cargo("fmt --all --check")))?;
    step("sql", sql::check)?;
    step("clippy", || run(&mut cargo("clippy --workspace --all-targets --locked -- -D warnings")))?;
    step("tests on SQLite", || {
        run(cargo("test --workspace --locked")
            .env("METAADS_TEST_ENGINE", "sqlite")
            .env_remove("METAADS_TEST_POSTGRES_URL"))
    })?;
    step("tests on PostgreSQL", || {
        let server = Server::start()?;
        run(cargo("test -p metaads --test it --locked")
            .env("METAADS_TEST_ENGINE", "postgres")
            .env("METAADS_TEST_POSTGRES_URL", server.url("postgres")))
    })?;
    println!("ok  everything ({:.1} s)", started.elapsed().as_secs_f64());
    Ok(())
}

fn step(name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    println!("==> {name}");
    // A reader who sees the line late is no reason to stop.
    let _ = std::io::stdout().flush();
    let started = Instant::now();
    let outcome = work();
    let seconds = started.elapsed().as_secs_f64();
    match &outcome {
        Ok(()) => println!("ok  {name} ({seconds:.1} s)"),
        Err(_) => println!("FAILED {name} ({seconds:.1} s)"),
    }
    outcome
}
