//! The commands that people and CI run: `cargo xtask test` and its parts.
#![expect(clippy::disallowed_methods, reason = "a development tool: it has no App with a clock and settings")]

mod check;
mod dependencies;
mod install;
mod key_services;
mod postgres;
mod process;
mod programs;
mod schema;
mod sdks;
mod sql;
mod steps;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test                all checks, as in CI (`./test` installs the packages first)
cargo xtask postgres [FILTER…]  the integration tests on PostgreSQL, or some of them
cargo xtask key-services        the tests that need AWS KMS and OpenBao, which are installed from PyPI
cargo xtask dependencies        licenses, sources and banned crates of the dependencies, by deny.toml
cargo xtask sdks                Meta's SDKs and two login libraries, from PyPI and npm, against the sandbox; SDKs and
                                example applications against the service (METAADS_BIN: one that is built already)
cargo xtask year                a year with 10,000 connections on both databases (METAADS_YEAR_CONNECTIONS)
cargo xtask race                replicas killed while 1,000 connections are due (METAADS_RACE_CONNECTIONS)
cargo xtask sql                 rewrites the offline data of the statements: crates/store/*/.sqlx
cargo xtask sql --check         fails if that data is out of date or the schemas of both engines differ";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => check::all(),
        ["postgres", filters @ ..] => check::postgres(filters),
        ["dependencies"] => dependencies::check(),
        ["key-services"] => check::key_services(),
        ["sdks"] => sdks::check(),
        ["year"] => check::year(),
        ["race"] => check::race(),
        ["sql"] => sql::rewrite(),
        ["sql", "--check"] => sql::check(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}
