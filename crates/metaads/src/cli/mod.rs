//! The command line.

mod accounts;
mod api_keys;
mod client;
mod table;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::api::openapi;
use crate::app::App;
use crate::clock::Clock;
use crate::clock::HOUR;
use crate::config::Config;
use crate::config::source::Source;
use crate::keys::dek::IfNothingOpens;
use crate::keys::rotate::{Reach, rotate};
use crate::keys::status::Status;
use crate::random::Random;
use crate::webhooks::inbox;
use crate::{assemble, demo, doctor, hardening, serve};

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
    /// Run the web service (the default command).
    Serve,
    /// Run the pretend Meta alone, for tests of other programs.
    Sandbox {
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:4000")]
        listen: SocketAddr,
    },
    /// Bring the database to this version's schema (serve does it as well).
    Migrate,
    /// Check configuration, database, keys and the Meta app, and say what to do about each finding.
    ///
    /// The exit code is 0 only if all is well. As `serve` does, it brings the database to this version's schema;
    /// nothing else is changed, unless you ask for subscriptions.
    Doctor {
        /// Create or replace the webhook subscriptions at Meta. The service must be running and reachable:
        /// Meta calls it at once.
        #[arg(long)]
        subscribe: bool,
    },
    /// Operate the installation.
    Admin {
        #[command(subcommand)]
        command: Admin,
    },
    /// List connections. Like the next ones a client of the API at METAADS_URL with the key METAADS_API_KEY.
    Connections(client::Format),
    /// List the ad accounts of a connection.
    Accounts(client::Accounts),
    /// Print a token that lasts, refreshed first if it would not.
    Token(client::Token),
    /// Call Meta's Graph API through the proxy, and print its answer.
    Graph(client::Graph),
    /// Follow what happens to connections.
    #[command(subcommand)]
    Events(client::Events),
    /// Print every connection with its ad accounts, one JSON object per line. Never a token.
    Export,
    /// Print a completion script for a shell.
    Completions { shell: clap_complete::Shell },
    /// Print the OpenAPI document of the JSON API.
    Openapi,
    /// Work with encryption keys.
    Keys {
        #[command(subcommand)]
        command: Keys,
    },
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Create, list, promote and demote users, and reset passwords.
    Users(accounts::UsersCommand),
    /// Invite people to register, where METAADS_REGISTRATION is invite or open.
    Invitations(accounts::InvitationsCommand),
    /// Make, list, end and rotate the API keys of programs.
    Keys(api_keys::KeysCommand),
    /// Delete the data of the users whose ids Meta sent by email. This cannot be undone.
    ImportDeletions {
        /// A file with the ids, separated by lines or commas; - reads standard input.
        file: PathBuf,
    },
    /// Replay recent webhook events from Meta, after a failure or a restored backup.
    ReplayEvents {
        /// How many hours back.
        #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(i64).range(1..=960))]
        hours: i64,
    },
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Print a new key for ENCRYPTION_KEY.
    Generate,
    /// Show which keys seal how many values, and which key may be removed.
    Status,
    /// Put everything under the first key while the service runs. A run that was cut off is resumed by the
    /// next one.
    ///
    /// Put the new key first in ENCRYPTION_KEY, restart every replica with that list, then run this. The old
    /// key may be removed when `metaads keys status` says so.
    Rotate {
        /// Rewrap the data keys and leave the values as they are: enough if only the key-encryption key changes.
        #[arg(long)]
        data_keys_only: bool,
    },
}

/// Runs the command that the arguments name. Every failure is a sentence on standard error.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match start(&cli.command.unwrap_or(Command::Serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("metaads: {}", format!("{error:#}").trim_end());
            ExitCode::FAILURE
        }
    }
}

fn start(command: &Command) -> anyhow::Result<()> {
    if let Err(error) = hardening::keep_memory_private() {
        eprintln!("metaads: core dumps could not be forbidden ({error}); set LimitCORE=0");
    }
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
        Command::Doctor { subscribe } => runtime.block_on(doctor::run(&Source::process()?, *subscribe)),
        Command::Admin { command: Admin::Users(users) } => {
            runtime.block_on(async { users.run(&app_for_command().await?).await })
        }
        Command::Admin { command: Admin::Invitations(invitations) } => {
            runtime.block_on(async { invitations.run(&app_for_command().await?).await })
        }
        Command::Admin { command: Admin::Keys(keys) } => {
            runtime.block_on(async { keys.run(&app_for_command().await?).await })
        }
        Command::Admin { command: Admin::ImportDeletions { file } } => {
            runtime.block_on(import_deletions(file))
        }
        Command::Admin { command: Admin::ReplayEvents { hours } } => {
            runtime.block_on(replay_webhook_events(*hours))
        }
        Command::Connections(format) => runtime.block_on(client::connections(*format)),
        Command::Accounts(accounts) => runtime.block_on(accounts.run()),
        Command::Token(token) => runtime.block_on(token.run()),
        Command::Graph(graph) => runtime.block_on(graph.run()),
        Command::Events(events) => runtime.block_on(events.run()),
        Command::Export => runtime.block_on(client::export()),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "metaads", &mut std::io::stdout());
            Ok(())
        }
        Command::Openapi => {
            println!(
                "{}",
                openapi::document("/").to_pretty_json().context("the document cannot be written")?
            );
            Ok(())
        }
        Command::Keys { command: Keys::Generate } => {
            println!("{}", STANDARD.encode(Random::Os.bytes::<32>()));
            Ok(())
        }
        Command::Keys { command: Keys::Status } => runtime.block_on(keys_status()),
        Command::Keys { command: Keys::Rotate { data_keys_only } } => {
            let reach = if *data_keys_only { Reach::DataKeysOnly } else { Reach::Everything };
            runtime.block_on(rotate_keys(reach))
        }
    }
}

async fn app_for_command() -> anyhow::Result<App> {
    assemble::app_for_command(Config::read(&Source::process()?)?).await
}

async fn import_deletions(file: &Path) -> anyhow::Result<()> {
    let text = match file.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()).context("standard input could not be read")?,
        _ => {
            std::fs::read_to_string(file).with_context(|| format!("{} could not be read", file.display()))?
        }
    };
    let ids = inbox::parse_user_ids(&text, usize::MAX)?;
    let app = app_for_command().await?;
    let codes = inbox::import_deletions(&app, &ids).await?;
    for (id, code) in ids.iter().zip(&codes) {
        println!("{id} {}/data-deletion/{code}", app.config.base());
    }
    println!("{} deletions are queued; the running service carries them out", codes.len());
    Ok(())
}

async fn replay_webhook_events(hours: i64) -> anyhow::Result<()> {
    let app = app_for_command().await?;
    let number = inbox::replay(&app, app.now() - hours * HOUR).await?;
    println!("{number} webhook events will be replayed by the running service");
    Ok(())
}

async fn keys_status() -> anyhow::Result<()> {
    let (store, keys) =
        assemble::store_and_keys(&mut Config::read(&Source::process()?)?, IfNothingOpens::Show).await?;
    let status = Status::read(&store, &keys).await?;
    print!("{}", status.to_text());
    if status.lost() > 0 {
        bail!("{} values cannot be opened with the configured keys", status.lost());
    }
    Ok(())
}

async fn rotate_keys(reach: Reach) -> anyhow::Result<()> {
    let (store, keys) =
        assemble::store_and_keys(&mut Config::read(&Source::process()?)?, IfNothingOpens::Show).await?;
    let on_progress = |done, total| println!("resealed {done} of {total}");
    let rotated = rotate(&store, &keys, &Random::Os, Clock::System.now(), reach, on_progress).await?;
    println!("rewrapped {} data keys, resealed {} values", rotated.rewrapped, rotated.resealed);
    print!("{}", Status::read(&store, &keys).await?.to_text());
    if !rotated.unreadable.is_empty() {
        for value in &rotated.unreadable {
            eprintln!("  {value}");
        }
        bail!("{} values could not be opened and were left unchanged", rotated.unreadable.len());
    }
    Ok(())
}
