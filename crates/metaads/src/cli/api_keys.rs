//! `metaads admin keys`. A new key is alone on standard output; sentences for people are on standard error.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use metaads_store::{ApiKey, ApiKeyLimits, User, WorkspaceId};
use serde_json::{Value, json};

use crate::accounts::api_keys::{self, KeyRequest, MadeKey};
use crate::accounts::email::email_key;
use crate::app::App;
use crate::messages::format::iso;

#[derive(Debug, Args)]
pub struct KeysCommand {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Keys,
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Make an API key for a user's workspace, and print it. It is shown this once.
    Create(Create),
    /// List keys, ended ones too.
    List {
        /// Of this user only.
        #[arg(long, value_name = "EMAIL")]
        user: Option<String>,
    },
    /// End a key at once.
    End { id: String },
    /// Replace a key by a new one, and print it. The old one works a while longer.
    Rotate {
        id: String,
        /// How long the old key works beside the new one: 90m, 12h, 30d, or 0m.
        #[arg(long, default_value = "1d", value_parser = overlap)]
        overlap: i64,
    },
}

#[derive(Debug, Args)]
struct Create {
    #[arg(long, value_name = "EMAIL")]
    user: String,
    /// The program that uses the key.
    #[arg(long)]
    name: String,
    /// connections:read, connections:write, tokens:read, graph:read, graph:write, connect:sessions, webhooks:manage,
    /// metrics:read. Without it: connections:read.
    #[arg(long, value_delimiter = ',')]
    scopes: Vec<String>,
    /// Limit the key to this connection. May be repeated, as may the next ones.
    #[arg(long = "connection", value_name = "ID")]
    connections: Vec<String>,
    /// Limit the key to this ad account.
    #[arg(long = "ad-account", value_name = "ID")]
    ad_accounts: Vec<String>,
    /// Let connect sessions return to this origin.
    #[arg(long = "return-origin", value_name = "ORIGIN")]
    return_origins: Vec<String>,
    /// Limit the key to this source network.
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<String>,
    /// Limit the calls a minute.
    #[arg(long, value_name = "NUMBER")]
    calls_per_minute: Option<u32>,
    /// When the key ends: 90m, 12h, 30d. Without it: never.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    expires: Option<i64>,
}

fn duration(text: &str) -> Result<i64, String> {
    api_keys::duration(text).ok_or_else(|| "a duration is a number with m, h or d, such as 30d".to_owned())
}

fn overlap(text: &str) -> Result<i64, String> {
    if text == "0m" { Ok(0) } else { duration(text) }
}

impl KeysCommand {
    pub async fn run(&self, app: &App) -> anyhow::Result<()> {
        match &self.command {
            Keys::Create(create) => {
                let user = find_user(app, &create.user).await?;
                let request = KeyRequest {
                    name: create.name.clone(),
                    scopes: create.scopes.clone(),
                    limits: ApiKeyLimits {
                        connections: create.connections.clone(),
                        ad_accounts: create.ad_accounts.clone(),
                        networks: create.networks.clone(),
                        return_origins: create.return_origins.clone(),
                        calls_per_minute: create.calls_per_minute,
                    },
                    expires_at: create.expires.map(|after| app.now() + after),
                };
                let workspace = WorkspaceId::personal(&user.id);
                let made = api_keys::create(app, &workspace, &user.id, request).await?;
                self.print_made(&made);
                Ok(())
            }
            Keys::List { user } => {
                let users = match user {
                    Some(email) => vec![find_user(app, email).await?],
                    None => all_users(app).await?,
                };
                self.list(app, &users).await
            }
            Keys::End { id } => {
                let key = find_key(app, id).await?;
                anyhow::ensure!(
                    api_keys::end(app, &key.workspace_id, id).await?,
                    "this key has ended already"
                );
                eprintln!("The key “{}” has ended.", key.name);
                Ok(())
            }
            Keys::Rotate { id, overlap } => {
                let key = find_key(app, id).await?;
                self.print_made(&api_keys::rotate(app, &key.workspace_id, id, *overlap).await?);
                Ok(())
            }
        }
    }

    fn print_made(&self, made: &MadeKey) {
        match self.json {
            true => println!("{}", json!({ "id": made.id, "key": made.secret })),
            false => {
                eprintln!("Keep this key now: it is not shown again. Its id is {}.", made.id);
                println!("{}", made.secret);
            }
        }
    }

    async fn list(&self, app: &App, users: &[User]) -> anyhow::Result<()> {
        let mut data = Vec::new();
        for user in users {
            for key in app.store.list_api_keys(&WorkspaceId::personal(&user.id)).await? {
                if !self.json {
                    println!("{}", key_line(app, &key, &user.email));
                }
                data.push(key_json(&key, &user.email));
            }
        }
        if self.json {
            println!("{}", json!({ "data": data }));
        }
        Ok(())
    }
}

fn key_line(app: &App, key: &ApiKey, email: &str) -> String {
    let state = if api_keys::is_usable(key, app.now()) { "" } else { "  ended" };
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", iso(at)));
    let (id, hint, name) = (&key.id, &key.hint, &key.name);
    format!("{id}  {email}  {hint}…  {name}  {}  {used}{state}", scopes.join(","))
}

fn key_json(key: &ApiKey, email: &str) -> Value {
    json!({
        "id": key.id,
        "user": email,
        "name": key.name,
        "hint": key.hint,
        "scopes": key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "limits": key.limits,
        "created_at": iso(key.created_at),
        "expires_at": key.expires_at.map(iso),
        "ended_at": key.ended_at.map(iso),
        "last_used_at": key.last_used_at.map(iso),
        "last_used_from": key.last_used_from,
    })
}

async fn find_user(app: &App, email: &str) -> anyhow::Result<User> {
    let found = app.store.find_user_by_email(&email_key(email)).await?;
    found.with_context(|| format!("there is no user {email}; `metaads admin users list` shows them"))
}

async fn all_users(app: &App) -> anyhow::Result<Vec<User>> {
    let mut users: Vec<User> = Vec::new();
    loop {
        let after = users.last().map(|user| user.id.to_string()).unwrap_or_default();
        let page = app.store.list_users(&after, 500).await?;
        if page.is_empty() {
            return Ok(users);
        }
        users.extend(page);
    }
}

async fn find_key(app: &App, id: &str) -> anyhow::Result<ApiKey> {
    let found = app.store.find_api_key_by_id(id).await?;
    found.with_context(|| format!("there is no key {id}; `metaads admin keys list` shows them"))
}
