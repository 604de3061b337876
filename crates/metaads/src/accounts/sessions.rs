//! Sessions of browsers. The token is in the cookie; the database knows its hash only.

use metaads_store::{AccountEvent, NewSession, Session, SessionId, SignedIn, StoreError, UserId};

use crate::accounts::events::{self, Origin};
use crate::app::App;
use crate::clock::{DAY, MINUTE};
use crate::random::hash;

/// A session ends this long after it was last used …
pub const IDLE_TTL: i64 = 14 * DAY;
/// … and this long after signing in, however busy it is.
pub const ABSOLUTE_TTL: i64 = 60 * DAY;
/// How long a browser counts as known to an account.
pub const DEVICE_TTL: i64 = 365 * DAY;
/// `last_seen_at` is written at most this often.
const TOUCH_EVERY: i64 = 5 * MINUTE;
/// What ends other sessions needs the password again after this time.
const CONFIRMED_FOR: i64 = 10 * MINUTE;

/// What a browser gets at sign-in: the values of two cookies.
#[derive(Debug)]
pub struct SignedInBrowser {
    pub session_token: String,
    pub device_token: String,
}

async fn start(
    app: &App,
    user: &UserId,
    user_agent: &str,
    known_device: Option<&str>,
) -> Result<SignedInBrowser, StoreError> {
    let now = app.now();
    let session_token = app.random.token();
    let device_token = known_device.map_or_else(|| app.random.token(), str::to_owned);
    let session = NewSession {
        id: app.new_session_id(),
        token_hash: hash(&session_token),
        user_id: user.clone(),
        user_agent: user_agent.chars().filter(|character| !character.is_control()).take(300).collect(),
        created_at: now,
        expires_at: now + ABSOLUTE_TTL,
    };
    app.store.insert_session(&session, &hash(&device_token), now + DEVICE_TTL).await?;
    Ok(SignedInBrowser { session_token, device_token })
}

/// Who a session token belongs to, if it is alive; notes that it was used.
pub async fn find(app: &App, token: &str) -> Result<Option<SignedIn>, StoreError> {
    let now = app.now();
    let found = app.store.find_session(&hash(token), now, now - IDLE_TTL).await?;
    if let Some(session) = &found
        && now - session.last_seen_at > TOUCH_EVERY
    {
        app.store.touch_session(&session.session_id, now).await?;
    }
    Ok(found)
}

/// Starts a session in place of the one that the browser had, if it had one: a session id never survives a sign-in.
pub async fn replace(
    app: &App,
    previous: Option<&SignedIn>,
    user: &UserId,
    user_agent: &str,
    known_device: Option<&str>,
) -> Result<SignedInBrowser, StoreError> {
    if let Some(previous) = previous {
        app.store.end_session(&previous.user_id, &previous.session_id).await?;
    }
    start(app, user, user_agent, known_device).await
}

/// Whether the password was entered in this session a moment ago.
pub fn is_confirmed(app: &App, session: &SignedIn) -> bool {
    (0..=CONFIRMED_FOR).contains(&(app.now() - session.confirmed_at))
}

/// Signs out.
pub async fn end(app: &App, session: &SignedIn, origin: &Origin) -> Result<(), StoreError> {
    app.store.end_session(&session.user_id, &session.session_id).await?;
    events::record_own(app, &session.user_id, AccountEvent::SignedOut, origin).await;
    Ok(())
}

/// Ends one session of a user; false if there is none with this id.
pub async fn end_by_id(
    app: &App,
    user: &UserId,
    id: &SessionId,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let is_ended = app.store.end_session(user, id).await?;
    if is_ended {
        events::record_own(app, user, AccountEvent::SessionEnded, origin).await;
    }
    Ok(is_ended)
}

/// Ends every session of the user but this one.
pub async fn end_others(app: &App, session: &SignedIn, origin: &Origin) -> Result<(), StoreError> {
    let ended = app.store.end_other_sessions(&session.user_id, &session.session_id).await?;
    if ended > 0 {
        let event = AccountEvent::OtherSessionsEnded { number: i64::try_from(ended).unwrap_or(i64::MAX) };
        events::record_own(app, &session.user_id, event, origin).await;
    }
    Ok(())
}

pub async fn list(app: &App, user: &UserId) -> Result<Vec<Session>, StoreError> {
    let now = app.now();
    app.store.list_sessions(user, now, now - IDLE_TTL).await
}

/// "Firefox on Linux", as far as the User-Agent reveals it.
pub fn device_name(user_agent: &str) -> String {
    let pick = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = pick(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = pick(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => system.to_owned(),
        (None, None) => "A browser or program".to_owned(),
    }
}

/// Whether a User-Agent is a phone's or a tablet's.
pub fn is_handheld(user_agent: &str) -> bool {
    ["iPhone", "iPad", "Android", "Mobile"].iter().any(|mark| user_agent.contains(mark))
}
