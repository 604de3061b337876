//! The command line.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Parser, Subcommand};

use crate::config::{Config, Source};
use crate::entropy::Entropy;
use crate::{demo, serve};

/// Connects Meta advertising accounts and keeps the connections alive.
///
/// Without a command and without configuration it serves a demo on http://localhost:3000 with a
/// pretend Meta. Configuration comes from the environment or a .env file; see README.md.
#[derive(Debug, Parser)]
#[command(name = "metaads", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the web service (also without a command).
    Serve,
    /// Run the pretend Meta alone, for tests of other programs.
    Sandbox {
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:4000")]
        listen: SocketAddr,
    },
    /// Bring the database to this version's schema (serve does it as well).
    Migrate,
    /// Work with encryption keys.
    Keys {
        #[command(subcommand)]
        command: Keys,
    },
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Print a fresh key for ENCRYPTION_KEY.
    Generate,
}

/// Runs the command that the arguments name. Every failure is a sentence on standard error.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match start(&cli.command.unwrap_or(Command::Serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            eprintln!("metaads: {}", causes.join(": ").trim_end());
            ExitCode::FAILURE
        }
    }
}

fn start(command: &Command) -> anyhow::Result<()> {
    // Fails only where a provider is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime could not start")?;
    match command {
        Command::Serve => runtime.block_on(serve::serve(Config::read(&Source::process()?)?)),
        Command::Sandbox { listen } => runtime.block_on(demo::sandbox_alone(*listen)),
        Command::Migrate => runtime.block_on(serve::migrate(Config::read(&Source::process()?)?)),
        Command::Keys { command: Keys::Generate } => {
            println!("{}", STANDARD.encode(Entropy::Os.bytes::<32>()));
            Ok(())
        }
    }
}
