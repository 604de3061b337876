//! API keys: made by a person or an operator, shown once, stored as a hash. A key works in one workspace, for what its
//! scopes and limits allow.

use std::net::IpAddr;

use ipnet::IpNet;
use metaads_store::{
    AccountEvent, ApiKey, ApiKeyLimits, ApiScope, ConnectionId, NewApiKey, SignedIn, StoreError, UserId,
    WorkspaceId,
};
use url::Url;

use crate::accounts::events::{self, Origin};
use crate::app::App;
use crate::clock::{DAY, HOUR, MINUTE};
use crate::config::loopback::is_loopback;
use crate::random::hash;

/// How every key starts, so that people and secret scanners recognize one.
pub const PREFIX: &str = "mak_";
/// Characters of a key that are kept to tell keys apart.
const HINT_LENGTH: usize = 10;
/// `last_used_at` is written at most this often.
const TOUCH_EVERY: i64 = MINUTE;
/// After a rotation the key before works for this long, unless the caller asks for another time.
pub const DEFAULT_OVERLAP: i64 = DAY;
pub const MOST_OVERLAP: i64 = 30 * DAY;
/// Calls a minute of a key that has no limit of its own.
pub const DEFAULT_CALLS_PER_MINUTE: u32 = 6_000;
const MOST_CALLS_PER_MINUTE: u32 = 1_000_000;
const MOST_KEYS: usize = 200;
const MOST_OF_A_LIMIT: usize = 500;
const LONGEST_NAME: usize = 100;

/// A key to be made.
#[derive(Debug, Clone, Default)]
pub struct KeyRequest {
    /// The program that uses it.
    pub name: String,
    /// Empty: reading connections only.
    pub scopes: Vec<String>,
    pub limits: ApiKeyLimits,
    /// Unix milliseconds; None: never.
    pub expires_at: Option<i64>,
}

/// A new key. `secret` is shown once and stored nowhere.
#[derive(Debug)]
pub struct MadeKey {
    pub id: String,
    pub secret: String,
}

/// Why a key cannot be made. `message` is a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{message}")]
    Invalid { field: &'static str, message: String },
    #[error("there is no such key, or it has ended")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn invalid(field: &'static str, message: impl Into<String>) -> KeyError {
    KeyError::Invalid { field, message: message.into() }
}

pub async fn create(
    app: &App,
    workspace: &WorkspaceId,
    user: &UserId,
    request: KeyRequest,
) -> Result<MadeKey, KeyError> {
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(invalid(
            "name",
            "Enter the name of the program that uses the key, at most 100 characters.",
        ));
    }
    let scopes = scopes(&request.scopes)?;
    let limits = limits(app, workspace, request.limits).await?;
    if request.expires_at.is_some_and(|at| at < app.now() + MINUTE) {
        return Err(invalid("expires", "The end of the key has to be in the future."));
    }
    let in_use = |key: &&ApiKey| is_usable(key, app.now());
    if app.store.list_api_keys(workspace).await?.iter().filter(in_use).count() >= MOST_KEYS {
        return Err(invalid("name", "There are 200 keys already. End one that is not needed any more."));
    }
    let secret = new_secret(app);
    let key = NewApiKey {
        id: app.new_row_id(),
        workspace_id: workspace.clone(),
        user_id: user.clone(),
        key_hash: hash(&secret),
        hint: hint(&secret),
        created_at: app.now(),
        expires_at: request.expires_at,
        name,
        scopes,
        limits,
    };
    app.store.insert_api_key(&key).await?;
    tracing::info!(api_key = key.id, "API key made");
    Ok(MadeKey { id: key.id, secret })
}

/// Replaces a key by a new one; both work for `overlap` milliseconds.
pub async fn rotate(app: &App, workspace: &WorkspaceId, id: &str, overlap: i64) -> Result<MadeKey, KeyError> {
    let secret = new_secret(app);
    let previous_ends_at = app.now() + overlap.clamp(0, MOST_OVERLAP);
    let is_rotated =
        app.store.rotate_api_key(workspace, id, &hash(&secret), &hint(&secret), previous_ends_at).await?;
    if !is_rotated {
        return Err(KeyError::NotFound);
    }
    tracing::info!(api_key = id, "API key rotated");
    Ok(MadeKey { id: id.to_owned(), secret })
}

/// Ends a key at once. False if there is none, or it has ended.
pub async fn end(app: &App, workspace: &WorkspaceId, id: &str) -> Result<bool, StoreError> {
    let is_ended = app.store.end_api_key(workspace, id, app.now()).await?;
    if is_ended {
        tracing::info!(api_key = id, "API key ended");
    }
    Ok(is_ended)
}

/// [`create`] by a signed-in user.
pub async fn create_by_user(
    app: &App,
    who: &SignedIn,
    request: KeyRequest,
    origin: &Origin,
) -> Result<MadeKey, KeyError> {
    let name = request.name.trim().to_owned();
    let made = create(app, &who.workspace_id, &who.user_id, request).await?;
    events::record_own(app, &who.user_id, AccountEvent::ApiKeyMade { name }, origin).await;
    Ok(made)
}

/// [`rotate`] by a signed-in user.
pub async fn rotate_by_user(
    app: &App,
    who: &SignedIn,
    id: &str,
    overlap: i64,
    origin: &Origin,
) -> Result<MadeKey, KeyError> {
    let key = app.store.find_api_key_of(&who.workspace_id, id).await?.ok_or(KeyError::NotFound)?;
    let made = rotate(app, &who.workspace_id, id, overlap).await?;
    events::record_own(app, &who.user_id, AccountEvent::ApiKeyReplaced { name: key.name }, origin).await;
    Ok(made)
}

/// [`end`] by a signed-in user.
pub async fn end_by_user(app: &App, who: &SignedIn, id: &str, origin: &Origin) -> Result<bool, StoreError> {
    let Some(key) = app.store.find_api_key_of(&who.workspace_id, id).await? else { return Ok(false) };
    let is_ended = end(app, &who.workspace_id, id).await?;
    if is_ended {
        events::record_own(app, &who.user_id, AccountEvent::ApiKeyEnded { name: key.name }, origin).await;
    }
    Ok(is_ended)
}

/// Why a key does not let a caller in.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("no such key, or it has ended")]
    Unknown,
    #[error("the key is not valid from this network")]
    WrongNetwork,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The key that a caller presents, if it can be used now and from there. Notes its use.
pub async fn authenticate(app: &App, secret: &str, from: Option<IpAddr>) -> Result<ApiKey, Refused> {
    if !secret.starts_with(PREFIX) || secret.len() > 100 {
        return Err(Refused::Unknown);
    }
    let now = app.now();
    let key = app.store.find_api_key(&hash(secret), now).await?.ok_or(Refused::Unknown)?;
    let mut networks = key.limits.networks.iter().filter_map(|text| text.parse::<IpNet>().ok());
    if !key.limits.networks.is_empty()
        && !networks.any(|network| from.is_some_and(|ip| network.contains(&ip)))
    {
        return Err(Refused::WrongNetwork);
    }
    if key.last_used_at.is_none_or(|at| now - at > TOUCH_EVERY || at > now) {
        let address = from.map(|ip| ip.to_string()).unwrap_or_default();
        app.store.touch_api_key(&key.id, now, &address).await?;
    }
    Ok(key)
}

/// Whether a key works at `now` (Unix milliseconds).
pub fn is_usable(key: &ApiKey, now: i64) -> bool {
    key.ended_at.is_none() && key.expires_at.is_none_or(|at| at > now)
}

/// `30d`, `12h` or `90m` as milliseconds.
pub fn duration(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        'd' => DAY,
        'h' => HOUR,
        'm' => MINUTE,
        _ => return None,
    };
    let number: i64 = text[..text.len() - 1].parse().ok()?;
    (1..=100_000).contains(&number).then(|| number * unit)
}

fn new_secret(app: &App) -> String {
    format!("{PREFIX}{}", app.random.token())
}

fn hint(secret: &str) -> String {
    secret.chars().take(HINT_LENGTH).collect()
}

fn scopes(texts: &[String]) -> Result<Vec<ApiScope>, KeyError> {
    let mut scopes = Vec::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let known = ApiScope::from_text(text);
        let scope = known.ok_or_else(|| {
            let known: Vec<&str> = ApiScope::ALL.iter().map(|scope| scope.as_str()).collect();
            invalid("scopes", format!("“{}” is not a scope. There are {}.", shown(text), known.join(", ")))
        })?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.is_empty() {
        scopes.push(ApiScope::ConnectionsRead);
    }
    Ok(scopes)
}

async fn limits(app: &App, workspace: &WorkspaceId, limits: ApiKeyLimits) -> Result<ApiKeyLimits, KeyError> {
    let lists = [&limits.connections, &limits.ad_accounts, &limits.networks, &limits.return_origins];
    if lists.iter().any(|list| list.len() > MOST_OF_A_LIMIT) {
        return Err(invalid("connections", "A limit has at most 500 entries."));
    }
    for id in &limits.connections {
        let message = || invalid("connections", format!("There is no connection {}.", shown(id)));
        let parsed = ConnectionId::from_text(id).ok_or_else(message)?;
        app.store.find_connection(workspace, &parsed).await?.ok_or_else(message)?;
    }
    let account = |text: &String| {
        let parsed = metaads_graph::AdAccountId::parse_any(text.trim());
        parsed.map(|id| id.to_string()).map_err(|_| {
            invalid("ad_accounts", format!("“{}” is not the number of an ad account.", shown(text)))
        })
    };
    let network = |text: &String| {
        let text = text.trim();
        let parsed = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        parsed.map(|network| network.to_string()).map_err(|_| {
            invalid("networks", format!("“{}” is not a network such as 203.0.113.0/24.", shown(text)))
        })
    };
    let origin = |text: &String| {
        origin(text.trim()).ok_or_else(|| {
            let example = "such as https://app.example.com";
            invalid("return_origins", format!("“{}” is not an origin {example}.", shown(text)))
        })
    };
    if limits.calls_per_minute.is_some_and(|calls| !(1..=MOST_CALLS_PER_MINUTE).contains(&calls)) {
        return Err(invalid("calls_per_minute", "Calls a minute are a number from 1 to 1,000,000."));
    }
    Ok(ApiKeyLimits {
        ad_accounts: limits.ad_accounts.iter().map(account).collect::<Result<_, _>>()?,
        networks: limits.networks.iter().map(network).collect::<Result<_, _>>()?,
        return_origins: limits.return_origins.iter().map(origin).collect::<Result<_, _>>()?,
        connections: limits.connections,
        calls_per_minute: limits.calls_per_minute,
    })
}

/// The origin of a URL that people are sent back to: https, or http on this machine.
pub fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    (is_safe && url.username().is_empty() && url.password().is_none())
        .then(|| url.origin().ascii_serialization())
}

/// As much of what somebody typed as a message repeats.
fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_https_or_on_this_machine() {
        assert_eq!(origin("https://app.example.com/back?x=1").as_deref(), Some("https://app.example.com"));
        assert_eq!(origin("http://localhost:5000").as_deref(), Some("http://localhost:5000"));
        for bad in
            ["http://app.example.com", "https://user@app.example.com", "javascript:1", "app.example.com"]
        {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(
            (duration("30d"), duration("12h"), duration("90m")),
            (Some(30 * DAY), Some(12 * HOUR), Some(90 * MINUTE))
        );
        for bad in ["", "d", "30", "-1d", "1y", "99999999999999d"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
