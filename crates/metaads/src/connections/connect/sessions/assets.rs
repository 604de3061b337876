//! The result of a connect session, asset by asset: what is connected, what is not, and why. Right after the login it is
//! known from the first lists; the sync completes it.

use metaads_store::{AdAccount, AdAccountFilter, Connection, InstagramAccount, Page, StoreError};

use crate::app::App;
use crate::codes::account_status::AccountStatus;
use crate::codes::diagnosis::{MissingReason, UnreadWhy};
use crate::codes::error_code::Code;
use crate::connections::assets::diagnose;
use crate::connections::permissions;

/// Assets of each type that are listed.
const MOST: i64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetType {
    AdAccount,
    Page,
    InstagramAccount,
}

impl AssetType {
    pub fn as_str(self) -> &'static str {
        match self {
            AssetType::AdAccount => "ad_account",
            AssetType::Page => "page",
            AssetType::InstagramAccount => "instagram_account",
        }
    }
}

/// One asset. It is connected if there is no reason against it.
#[derive(Debug, Clone)]
pub struct AssetResult {
    pub kind: AssetType,
    /// None: Meta does not tell it, as of an Instagram account that is not professional.
    pub id: Option<String>,
    /// Of such an account: its Page's.
    pub name: String,
    pub reason: Option<Code>,
}

/// A permission that was not granted, and why.
#[derive(Debug, Clone)]
pub struct MissingPermission {
    pub permission: String,
    pub reason: Code,
}

/// Something else that keeps assets away, and the names of what it is about.
#[derive(Debug, Clone)]
pub struct Obstacle {
    pub code: Code,
    pub names: Vec<String>,
}

#[derive(Debug, Default)]
pub struct SessionResult {
    pub assets: Vec<AssetResult>,
    /// There are more than are listed.
    pub has_more: bool,
    pub missing_permissions: Vec<MissingPermission>,
    pub obstacles: Vec<Obstacle>,
}

/// The result for a connection, of the ad accounts in `limit` (None: of all).
pub async fn result(
    app: &App,
    connection: &Connection,
    limit: Option<&[String]>,
) -> Result<SessionResult, StoreError> {
    let mut result = SessionResult::default();
    let filter = AdAccountFilter {
        account_ids: limit.map(<[String]>::to_vec),
        ..AdAccountFilter::all(&connection.id, MOST + 1)
    };
    let accounts = app.store.list_ad_accounts(&filter).await?;
    let pages = app.store.list_pages(&connection.id, "", "", MOST + 1).await?;
    let instagram = app.store.list_instagram_accounts(&connection.id, "", "", MOST + 1).await?;
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    result.has_more = accounts.len() > most || pages.len() > most || instagram.len() > most;
    let unprofessional = pages.iter().filter(|page| page.has_linked_instagram && !page.has_instagram);
    let unprofessional: Vec<AssetResult> = unprofessional.map(unprofessional_account).collect();
    result.assets.extend(accounts.into_iter().take(most).map(ad_account));
    result.assets.extend(pages.into_iter().take(most).map(page));
    result.assets.extend(instagram.into_iter().take(most).map(instagram_account));
    if connection.scopes.has("instagram_basic") {
        result.assets.extend(unprofessional);
    }
    result.missing_permissions = missing_permissions(app, connection);
    result.obstacles =
        diagnose::missing_reasons(app, connection).await?.into_iter().filter_map(obstacle).collect();
    Ok(result)
}

fn missing_permissions(app: &App, connection: &Connection) -> Vec<MissingPermission> {
    let not_offered = permissions::not_offered(app, connection);
    let asked = permissions::asked(app, connection.kind, &connection.scopes).into_iter();
    asked
        .filter(|scope| !connection.scopes.has(scope))
        .map(|permission| MissingPermission {
            reason: match () {
                () if not_offered.has(&permission) => Code::PermissionsNotOffered,
                () if connection.expired_scopes.has(&permission) => Code::PermissionExpired,
                () => Code::PermissionsMissing,
            },
            permission,
        })
        .collect()
}

fn ad_account(account: AdAccount) -> AssetResult {
    let status = AccountStatus::of(account.account_status, account.is_reachable);
    let why_not = account.lost_reason.as_deref().or(status.reason()).and_then(Code::from_text);
    AssetResult {
        kind: AssetType::AdAccount,
        reason: (!status.is_selectable()).then(|| why_not.unwrap_or(Code::AssetUnreachable)),
        id: Some(account.account_id),
        name: account.account_name,
    }
}

fn page(page: Page) -> AssetResult {
    AssetResult { kind: AssetType::Page, id: Some(page.page_id), name: page.name, reason: None }
}

fn instagram_account(account: InstagramAccount) -> AssetResult {
    let name = if account.name.is_empty() { account.username } else { account.name };
    AssetResult { kind: AssetType::InstagramAccount, id: Some(account.instagram_id), name, reason: None }
}

fn unprofessional_account(page: &Page) -> AssetResult {
    AssetResult {
        kind: AssetType::InstagramAccount,
        id: None,
        name: page.name.clone(),
        reason: Some(Code::InstagramNotProfessional),
    }
}

fn obstacle(reason: MissingReason) -> Option<Obstacle> {
    let (code, names) = match reason {
        // Said elsewhere: of the connection, of its sync, of each permission or of each asset.
        MissingReason::Permission { .. }
        | MissingReason::PermissionNotOffered { .. }
        | MissingReason::NotConnected
        | MissingReason::SyncRunning
        | MissingReason::Unusable { .. }
        | MissingReason::InstagramNotProfessional { .. } => return None,
        MissingReason::SyncFailed => (Code::MetaUnavailable, Vec::new()),
        MissingReason::LimitedOnFacebook { .. } | MissingReason::InstagramPageNotSelected { .. } => {
            (Code::AssetNotGranted, Vec::new())
        }
        MissingReason::RoleTooLow { businesses } => (Code::RoleLost, businesses),
        MissingReason::NotRead { businesses, why } => (unread(why), businesses),
        MissingReason::AppReview => (Code::MetaAppMisconfigured, Vec::new()),
        MissingReason::NoneExist => (Code::NoAdAccounts, Vec::new()),
        MissingReason::InstagramNotLinked { pages } => (Code::InstagramNotLinked, pages),
    };
    Some(Obstacle { code, names })
}

fn unread(why: UnreadWhy) -> Code {
    match why {
        UnreadWhy::RateLimited => Code::MetaRateLimited,
        UnreadWhy::Unavailable | UnreadWhy::Refused | UnreadWhy::Endless => Code::MetaUnavailable,
        // The business requires two-factor authentication of the person.
        UnreadWhy::TwoFactor => Code::Checkpoint,
    }
}
