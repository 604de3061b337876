//! A client of the JSON API for daily use: `metaads connections`, `accounts`, `token`, `graph`, `events`, `export`.
//! Where the API is and its key come from METAADS_URL and METAADS_API_KEY.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::cli::table::Table;
use crate::config::source::{Mistakes, Source};

const TIMEOUT: Duration = Duration::from_secs(100);
/// Between two looks for new events.
const TAIL_EVERY: Duration = Duration::from_secs(2);

/// How a client command shows what it found.
#[derive(Debug, Clone, Copy, Args)]
pub struct Format {
    /// Print JSON, one object per line.
    #[arg(long, global = true)]
    json: bool,
}

/// Of which connection; needed where the key reaches several.
#[derive(Debug, Clone, Args)]
pub struct ConnectionChoice {
    /// The connection's id. Not needed where the key reaches only one.
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct Accounts {
    #[command(flatten)]
    choice: ConnectionChoice,
    /// Only selected ones.
    #[arg(long)]
    selected: bool,
    /// Only those whose name or number contains this.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Args)]
pub struct Token {
    #[command(flatten)]
    choice: ConnectionChoice,
    /// Seconds for which the token has to stay valid.
    #[arg(long, default_value_t = 3600)]
    min_valid_for: u32,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Args)]
pub struct Graph {
    /// GET, POST or DELETE.
    method: String,
    /// The path at Meta, such as me/adaccounts or v26.0/act_123/campaigns?fields=name.
    path: String,
    /// A parameter of the call; may be repeated.
    #[arg(short = 'f', long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    #[command(flatten)]
    choice: ConnectionChoice,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Events {
    /// Print events as they happen, until you stop it.
    Tail {
        /// Print what is there and stop.
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        format: Format,
    },
}

/// The API with a key.
#[derive(Debug)]
struct Api {
    http: reqwest::Client,
    base: Url,
    key: String,
}

pub async fn connections(format: Format) -> anyhow::Result<()> {
    let found = Api::from_environment()?.list("/api/v1/connections", &[]).await?;
    let mut table = Table::new(["ID", "NAME", "STATUS", "REASON", "SELECTED", "EXPIRES"]);
    for one in &found {
        let numbers =
            format!("{}/{}", text(&one["ad_accounts"]["selected"]), text(&one["ad_accounts"]["total"]));
        let row = [&one["id"], &one["name"], &one["status"], &one["status_reason"]].map(text);
        let [id, name, status, reason] = row;
        table.add([id, name, status, reason, numbers, text(&one["expires_at"])]);
    }
    show(&found, &table, format, "No connection yet.")
}

impl Accounts {
    pub async fn run(&self) -> anyhow::Result<()> {
        let api = Api::from_environment()?;
        let id = api.connection(&self.choice).await?;
        let mut query = Vec::new();
        if self.selected {
            query.push(("selected", "true"));
        }
        query.extend(self.search.as_deref().map(|search| ("q", search)));
        let found = api.list(&format!("/api/v1/connections/{id}/ad-accounts"), &query).await?;
        let mut table = Table::new(["ACCOUNT", "NAME", "STATUS", "SELECTED", "CURRENCY", "BUSINESS"]);
        for one in &found {
            let selected = if one["is_selected"] == true { "yes" } else { "" }.to_owned();
            let [account, name, status] =
                [&one["account_id"], &one["account_name"], &one["status"]].map(text);
            let [currency, business] = [&one["currency"], &one["business"]["name"]].map(text);
            table.add([account, name, status, selected, currency, business]);
        }
        show(&found, &table, self.format, "No ad account.")
    }
}

impl Token {
    /// The token alone on standard output, for use in a pipe.
    pub async fn run(&self) -> anyhow::Result<()> {
        let api = Api::from_environment()?;
        let id = api.connection(&self.choice).await?;
        let seconds = self.min_valid_for.to_string();
        let path = format!("/api/v1/connections/{id}/token");
        let token = api.json(Method::GET, &path, &[("min_valid_for", &seconds)]).await?;
        match self.format.json {
            true => println!("{token}"),
            false => println!("{}", text(&token["access_token"])),
        }
        Ok(())
    }
}

impl Graph {
    pub async fn run(&self) -> anyhow::Result<()> {
        let api = Api::from_environment()?;
        let id = api.connection(&self.choice).await?;
        let method =
            Method::from_bytes(self.method.to_ascii_uppercase().as_bytes()).context("METHOD is unknown")?;
        let mut fields = Vec::new();
        for field in &self.fields {
            let parts = field.split_once('=');
            fields.push(parts.with_context(|| format!("{field} is not NAME=VALUE"))?);
        }
        let path = format!("/graph/{}", self.path.trim_start_matches('/'));
        let mut request = api.request(method.clone(), &path)?.header("x-metaads-connection", id);
        request = if method == Method::POST { request.form(&fields) } else { request.query(&fields) };
        let mut answer = request.send().await.map_err(|error| api.unreachable(error))?;
        let status = answer.status();
        let mut out = std::io::stdout().lock();
        while let Some(piece) = answer.chunk().await.map_err(|error| api.unreachable(error))? {
            out.write_all(&piece)?;
        }
        writeln!(out)?;
        if !status.is_success() {
            bail!("Meta or the service refused the call with HTTP {status}; the answer says why");
        }
        Ok(())
    }
}

impl Events {
    pub async fn run(&self) -> anyhow::Result<()> {
        let Events::Tail { once, format } = self;
        let api = Api::from_environment()?;
        let mut cursor = String::new();
        loop {
            let after: Vec<(&str, &str)> = Some(("cursor", cursor.as_str()))
                .filter(|(_, cursor)| !cursor.is_empty())
                .into_iter()
                .collect();
            let page = api.json(Method::GET, "/api/v1/events", &after).await?;
            let events = page["data"].as_array().cloned().unwrap_or_default();
            for event in &events {
                match format.json {
                    true => println!("{event}"),
                    false => {
                        let [at, kind] = [&event["timestamp"], &event["type"]].map(text);
                        println!("{at}  {kind}  {}", event["data"]);
                    }
                }
            }
            cursor = events.last().map_or(cursor, |event| text(&event["cursor"]));
            match page["next_cursor"].is_string() {
                true => continue,
                false if *once => return Ok(()),
                false => {}
            }
            tokio::time::sleep(TAIL_EVERY).await;
        }
    }
}

/// Every connection with its ad accounts as one JSON object per line; never a token.
pub async fn export() -> anyhow::Result<()> {
    let api = Api::from_environment()?;
    let connections = api.list("/api/v1/connections", &[]).await?;
    let total = connections.len();
    for (number, mut connection) in connections.into_iter().enumerate() {
        progress(number, total);
        let path = format!("/api/v1/connections/{}/ad-accounts", text(&connection["id"]));
        connection["ad_account_list"] = json!(api.list(&path, &[]).await?);
        println!("{connection}");
    }
    progress(total, total);
    Ok(())
}

/// A line that is written over, for people only.
fn progress(done: usize, total: usize) {
    if std::io::stderr().is_terminal() && total > 1 {
        eprint!("\r{done} of {total} connections");
        if done == total {
            eprintln!();
        }
    }
}

fn show(found: &[Value], table: &Table, format: Format, nothing: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if format.json {
        for one in found {
            writeln!(out, "{one}")?;
        }
    } else if found.is_empty() {
        eprintln!("{nothing}");
    } else {
        write!(out, "{table}")?;
    }
    Ok(())
}

/// A value as a cell: nothing for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

impl Api {
    fn from_environment() -> anyhow::Result<Api> {
        let source = Source::process()?;
        let base = source.text("METAADS_URL").unwrap_or_else(|| "http://localhost:3000".to_owned());
        let base = Url::parse(&base).context("METAADS_URL is not a URL")?;
        let mut mistakes = Mistakes::default();
        let key = source.secret("METAADS_API_KEY", &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes.into());
        }
        let key = key.context(
            "METAADS_API_KEY is not set; make a key under Settings, API keys, or with `metaads admin keys create`",
        )?;
        #[expect(clippy::disallowed_methods, reason = "a client of our own API, in a process of its own")]
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("metaads-cli/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("the HTTP client could not be built")?;
        Ok(Api { http, base, key: key.trim().to_owned() })
    }

    fn request(&self, method: Method, path: &str) -> anyhow::Result<reqwest::RequestBuilder> {
        let url = self.base.join(path).context("the path cannot be used")?;
        Ok(self.http.request(method, url).bearer_auth(&self.key))
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        anyhow::anyhow!("{} could not be reached: {}", self.base, error.without_url())
    }

    async fn json(&self, method: Method, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        let sent = self.request(method, path)?.query(query).send().await;
        let answer = sent.map_err(|error| self.unreachable(error))?;
        if !answer.status().is_success() {
            return Err(refusal(answer).await);
        }
        answer.json().await.map_err(|error| self.unreachable(error))
    }

    /// Every page of a list.
    async fn list(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Vec<Value>> {
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut query = query.to_vec();
            query.push(("limit", "500"));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut page = self.json(Method::GET, path, &query).await?;
            if let Value::Array(rows) = page["data"].take() {
                found.extend(rows);
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }

    /// The chosen connection, or the only one.
    async fn connection(&self, choice: &ConnectionChoice) -> anyhow::Result<String> {
        if let Some(id) = &choice.connection {
            return Ok(id.clone());
        }
        let all = self.list("/api/v1/connections", &[]).await?;
        match all.as_slice() {
            [only] => Ok(text(&only["id"])),
            [] => bail!("this key reaches no connection"),
            _ => bail!(
                "this key reaches {} connections; name one with --connection (see `metaads connections`)",
                all.len()
            ),
        }
    }
}

/// What a refusal says, with the link that helps.
async fn refusal(answer: Response) -> anyhow::Error {
    let status = answer.status();
    let problem: Value = answer.json().await.unwrap_or_default();
    let detail = [&problem["title"], &problem["detail"]].map(text).join(". ");
    let link = [&problem["url"], &problem["type"]].into_iter().map(text).find(|link| !link.is_empty());
    match (status, link) {
        (StatusCode::UNAUTHORIZED, _) => anyhow::anyhow!("METAADS_API_KEY is not accepted: {detail}"),
        (_, Some(link)) => anyhow::anyhow!("HTTP {status}: {detail} {link}"),
        (_, None) => anyhow::anyhow!("HTTP {status}"),
    }
}
