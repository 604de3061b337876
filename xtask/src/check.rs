//! The checks: `cargo xtask test` runs them all, in order, and stops at the first that fails.

use crate::key_services::KeyServices;
use crate::postgres::Server;
use crate::process::{Outcome, cargo, run};
use crate::steps::Steps;
use crate::{dependencies, sdks, sql};

pub fn all() -> Outcome {
    let mut steps = Steps::begin("test");
    steps.run("format", || run(&mut cargo("fmt --all --check")))?;
    steps.run("dependencies", dependencies::check)?;
    steps.run("sql", sql::check)?;
    steps.run("clippy", || {
        run(&mut cargo("clippy --workspace --all-targets --all-features --locked -- -D warnings"))
    })?;
    steps.run("tests on SQLite", || {
        run(cargo("test --workspace --locked")
            .env("METAADS_TEST_ENGINE", "sqlite")
            .env_remove("METAADS_TEST_POSTGRES_URL"))
    })?;
    // A browser sees no difference between the databases.
    steps.run("tests on PostgreSQL", || postgres(&["--skip", "chromium"]))?;
    steps.run("tests with key services", key_services)?;
    steps.run("official SDKs", sdks::check)?;
    steps.end();
    Ok(())
}

/// The tests of the product and of the store on PostgreSQL, or those whose names contain one of the filters.
pub fn postgres(filters: &[&str]) -> Outcome {
    let server = Server::start()?;
    run(cargo("test -p metaads -p metaads-store --test it --locked --")
        .args(filters)
        .env("METAADS_TEST_ENGINE", "postgres")
        .env("METAADS_TEST_POSTGRES_URL", server.url("postgres")))
}

/// The tests that need AWS KMS and OpenBao. Only here are the optional features compiled.
pub fn key_services() -> Outcome {
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

/// A simulated year with 10,000 connections on both databases; takes hours.
pub fn year() -> Outcome {
    at_full_length("year", "token_lifecycle::year", "METAADS_YEAR_CONNECTIONS", "10000")
}

/// Replicas that are killed while 1,000 connections are due, on both databases.
pub fn race() -> Outcome {
    at_full_length("race", "token_lifecycle::race", "METAADS_RACE_CONNECTIONS", "1000")
}

/// Runs a module of tests that `cargo xtask test` runs with few connections. The environment variable replaces the
/// number.
fn at_full_length(command: &str, module: &str, variable: &str, default: &str) -> Outcome {
    let number = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    let test = || {
        let mut test = cargo("test --release -p metaads --test it --locked --");
        test.args([module, "--nocapture"]).env(variable, &number).env("METAADS_TEST_LOG", "off");
        test
    };
    let mut steps = Steps::begin(command);
    steps.run("on SQLite", || run(test().env("METAADS_TEST_ENGINE", "sqlite")))?;
    steps.run("on PostgreSQL", || {
        let server = Server::start()?;
        run(test()
            .env("METAADS_TEST_ENGINE", "postgres")
            .env("METAADS_TEST_POSTGRES_URL", server.url("postgres")))
    })?;
    steps.end();
    Ok(())
}
