//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    metaads::cli::run()
}
