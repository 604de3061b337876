//! The page after a connect attempt that worked: what came with it, what is missing, and what to do next.

use askama::Template;
use metaads_store::{AdAccountFilter, Authorization, ConnectionKind, ConnectionSummary, InstagramAccount};

use crate::app::App;
use crate::connections::permissions::{self, ADS_SCOPES};
use crate::http::problem::Problem;
use crate::messages::ad_accounts::NO_BUSINESS;
use crate::messages::connection_label::place;
use crate::messages::connection_status::assets;
use crate::messages::scopes;
use crate::web::account_status_view::AccountStatusView;
use crate::web::connection_card::ConnectionCard;
use crate::web::layout::Layout;

/// The first ad accounts that are shown.
const SHOWN: i64 = 5;

#[derive(Template)]
#[template(path = "connected.html")]
pub struct ConnectedPage {
    pub layout: Layout,
    pub attempt: String,
    pub version: String,
    pub is_popup: bool,
    pub card: ConnectionCard,
    /// The connection existed before.
    pub is_again: bool,
    /// How long connecting took.
    pub seconds: i64,
    pub found: String,
    /// What the person can still grant.
    pub missing: Vec<MissingPermission>,
    /// What Meta's dialog did not offer.
    pub not_offered: Vec<MissingPermission>,
    /// None of the permissions that list ad accounts was offered.
    pub is_ads_not_offered: bool,
    pub granted: Vec<&'static str>,
    /// Meta's names of the missing permissions.
    pub developer_names: String,
    /// Where the person agreed: Facebook or Instagram.
    pub place: &'static str,
    pub outcome: Outcome,
    /// The first ad accounts; only for [`Outcome::Connected`].
    pub accounts: Vec<FirstAccount>,
    pub has_more_accounts: bool,
    pub instagram: Vec<InstagramAccount>,
}

/// Which of the good endings it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Syncing,
    Connected,
    /// Permissions were declined; the connection is kept.
    PermissionsMissing,
    NoAdAccounts,
    /// Without the permission, no ad account can be listed.
    AdAccountsWithheld,
}

/// Whether the person still has to decide about missing permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionsQuestion {
    Asked,
    Skipped,
}

pub struct MissingPermission {
    pub name: String,
    pub without: &'static str,
    pub is_required: bool,
}

pub struct FirstAccount {
    pub name: String,
    pub id: String,
    pub business: String,
    pub status: AccountStatusView,
}

impl ConnectedPage {
    /// `version` and `is_popup` are up to the caller.
    pub async fn new(
        app: &App,
        layout: Layout,
        authorization: &Authorization,
        connection: &ConnectionSummary,
        question: PermissionsQuestion,
    ) -> Result<ConnectedPage, Problem> {
        let card = ConnectionCard::new(app, connection, app.now());
        let asked = permissions::asked(app, connection.kind, &connection.scopes);
        let (granted, lacking): (Vec<&String>, Vec<&String>) =
            asked.iter().partition(|scope| connection.scopes.has(scope));
        let not_offered = permissions::not_offered(app, connection);
        let (not_offered, missing): (Vec<&String>, Vec<&String>) =
            lacking.iter().partition(|scope| not_offered.has(scope));
        let has_question = !missing.is_empty() && question == PermissionsQuestion::Asked;
        let outcome = outcome(connection, &card, has_question);
        let (accounts, instagram) = match outcome {
            Outcome::Connected => first_assets(app, connection).await?,
            Outcome::Syncing
            | Outcome::PermissionsMissing
            | Outcome::NoAdAccounts
            | Outcome::AdAccountsWithheld => (Vec::new(), Vec::new()),
        };
        Ok(ConnectedPage {
            attempt: authorization.id.to_string(),
            version: String::new(),
            is_popup: false,
            is_again: authorization.outcome.as_deref() == Some("reconnected"),
            seconds: (authorization.finished_at.unwrap_or_default() - authorization.created_at) / 1000,
            found: assets(&connection.assets),
            place: place(authorization.login),
            granted: granted.iter().filter_map(|scope| scopes::scope(scope)).map(|text| text.name).collect(),
            developer_names: lacking.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", "),
            is_ads_not_offered: ADS_SCOPES.iter().all(|ads| not_offered.iter().any(|scope| scope == ads)),
            not_offered: not_offered
                .into_iter()
                .map(|scope| MissingPermission::new(app, connection, scope))
                .collect(),
            missing: missing
                .into_iter()
                .map(|scope| MissingPermission::new(app, connection, scope))
                .collect(),
            layout,
            card,
            outcome,
            has_more_accounts: connection.assets.ad_accounts > SHOWN,
            accounts,
            instagram,
        })
    }
}

impl ConnectedPage {
    /// The heading, and the title of the page.
    fn title(&self) -> String {
        let name = &self.card.name;
        match self.outcome {
            Outcome::Syncing => "Syncing your ad accounts".to_owned(),
            Outcome::Connected if self.is_again => format!("{name} is connected again"),
            Outcome::Connected => format!("{name} is connected"),
            Outcome::PermissionsMissing => match self.missing.len() {
                1 => "Connected, but a permission is missing".to_owned(),
                number => format!("Connected, but {number} permissions are missing"),
            },
            Outcome::NoAdAccounts => "Facebook showed us no ad accounts".to_owned(),
            Outcome::AdAccountsWithheld => "Facebook withheld the ad accounts".to_owned(),
        }
    }

    fn is_instagram(&self) -> bool {
        !self.card.is_ads_login
    }
}

fn outcome(connection: &ConnectionSummary, card: &ConnectionCard, has_question: bool) -> Outcome {
    // Instagram Login brings one account, and it needs no sync.
    let has_ads = permissions::can_list_ad_accounts(&connection.scopes);
    if card.is_ads_login && !has_ads {
        Outcome::AdAccountsWithheld
    } else if card.is_ads_login && card.is_syncing {
        Outcome::Syncing
    } else if card.is_ads_login && !card.has_ad_accounts {
        Outcome::NoAdAccounts
    } else if has_question {
        Outcome::PermissionsMissing
    } else {
        Outcome::Connected
    }
}

async fn first_assets(
    app: &App,
    connection: &ConnectionSummary,
) -> Result<(Vec<FirstAccount>, Vec<InstagramAccount>), Problem> {
    if connection.kind == ConnectionKind::InstagramUser {
        return Ok((Vec::new(), app.store.list_instagram_accounts(&connection.id, "", "", SHOWN).await?));
    }
    let filter = AdAccountFilter::all(&connection.id, SHOWN);
    let accounts = app.store.list_ad_accounts(&filter).await?;
    let accounts = accounts.into_iter().map(|account| FirstAccount {
        status: AccountStatusView::of(&account),
        business: account.business_name.unwrap_or_else(|| NO_BUSINESS.to_owned()),
        name: account.account_name,
        id: account.account_id,
    });
    Ok((accounts.collect(), Vec::new()))
}

impl MissingPermission {
    fn new(app: &App, connection: &ConnectionSummary, scope: &str) -> MissingPermission {
        MissingPermission {
            name: scopes::scope_name(scope).to_owned(),
            without: scopes::scope(scope).map_or("", |text| text.without),
            is_required: permissions::is_required(app, connection.kind, scope),
        }
    }
}
