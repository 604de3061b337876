//! `cargo xtask test`: every check, in order, stopping at the first that fails.

use std::io::Write as _;
use std::time::Instant;

use crate::key_services::KeyServices;
use crate::postgres::Server;
use crate::process::{Outcome, cargo, run};
use crate::{sdks, sql};

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
    step("tests with key services", key_services)?;
    step("official SDKs", sdks::check)?;
    println!("ok  everything ({:.1} s)", started.elapsed().as_secs_f64());
    Ok(())
}

/// The features that are off by default are compiled here, once.
pub fn key_services() -> Outcome {
    run(&mut cargo("clippy -p metaads --all-targets --locked --features aws-kms,transit -- -D warnings"))?;
    let services = KeyServices::start()?;
    run(cargo("test -p metaads --test it --locked --features aws-kms,transit -- key_services")
        .env("METAADS_TEST_ENGINE", "sqlite")
        .env("METAADS_TEST_KMS_URL", services.kms_url())
        .env("METAADS_TEST_TRANSIT_URL", services.transit_url())
        .env("AWS_ENDPOINT_URL_KMS", services.kms_url())
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test"))
}

/// A year with so many connections, on both databases; hours.
pub fn year() -> Outcome {
    long("keeping::year", "METAADS_YEAR_CONNECTIONS", "10000")
}

/// Replicas killed while so many connections are due.
pub fn race() -> Outcome {
    long("keeping::race", "METAADS_RACE_CONNECTIONS", "1000")
}

/// A story that is short in the test command, in full. The number can be set from outside.
fn long(story: &str, variable: &str, full: &str) -> Outcome {
    let number = std::env::var(variable).unwrap_or_else(|_| full.to_owned());
    let command = || {
        let mut command = cargo("test --release -p metaads --test it --locked --");
        command.args([story, "--nocapture"]).env(variable, &number).env("METAADS_TEST_LOG", "off");
        command
    };
    step("on SQLite", || run(command().env("METAADS_TEST_ENGINE", "sqlite")))?;
    step("on PostgreSQL", || {
        let server = Server::start()?;
        run(command()
            .env("METAADS_TEST_ENGINE", "postgres")
            .env("METAADS_TEST_POSTGRES_URL", server.url("postgres")))
    })
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
