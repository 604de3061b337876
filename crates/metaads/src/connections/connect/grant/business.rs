//! Facebook Login for Business: the token of a system user of the client's portfolio, or a person's,
//! whichever the configuration says. The same for a system user's token that was pasted.

use metaads_graph::{GraphError, IssuedToken, Reading, TokenInspection, TokenLifetime};
use metaads_store::{AssetBatch, ConnectionKind};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::assets::rows;
use crate::connections::assets::sync_plan;
use crate::connections::assets::sync_plan::PAGE_LIMIT;
use crate::connections::connect::grant::{
    Failure, Grant, UNSAID_TTL, facebook, failure_of, granular_text, is_ours, permissions, seconds_to_ms,
};
use crate::connections::permissions as asked;

/// What kind it is, then who it is and the first page of what was assigned to it.
pub async fn ask(app: &App, issued: IssuedToken) -> Result<Grant, Failure> {
    let failed = |error: GraphError| failure_of(&error, Code::MetaUnavailable);
    let inspection = app.graph().inspect_token(&issued.access_token).await.map_err(failed)?;
    if inspection.kind.as_deref() != Some("SYSTEM_USER") {
        return facebook::ask(app, issued.access_token).await;
    }
    let (user, first) = tokio::join!(
        app.graph().read_system_user(&issued.access_token),
        app.graph().list_ad_accounts(&issued.access_token, &Reading::AssignedAdAccounts, None, PAGE_LIMIT),
    );
    let user = user.map_err(failed)?;
    if !is_ours(app, &inspection, "SYSTEM_USER", user.id.as_str()) {
        return Err(Code::ForeignToken.into());
    }
    let business = match &user.business {
        None => None,
        Some(id) => {
            let read = app.graph().read_business(&issued.access_token, id).await;
            Some((id.to_string(), read.map_or_else(|_| id.to_string(), |business| business.name)))
        }
    };
    let mine = business.clone().into_iter().collect();
    let found = first.as_ref().map_or_else(
        |_| AssetBatch::default(),
        |page| {
            let row = |account| rows::new_ad_account(account, &Reading::AssignedAdAccounts, &mine);
            AssetBatch { ad_accounts: page.items.iter().map(row).collect(), ..AssetBatch::default() }
        },
    );
    let granted = permissions(&inspection.scopes, &inspection.scopes, None);
    let granular_scopes = granular_text(&inspection.granular_scopes);
    Ok(Grant {
        kind: ConnectionKind::BusinessSystemUser,
        app_id: app.graph().app().app_id.to_string(),
        scoped_user_id: None,
        meta_user_id: user.id.to_string(),
        name: business.as_ref().map_or(user.name, |(_, name)| name.clone()),
        picture_url: None,
        expires_at: expiry(app, &issued, &inspection),
        // A system user never visits: the clock of data access does not run for it.
        data_access_expires_at: None,
        permissions: crate::connections::connect::grant::Permissions {
            declined: asked::missing(app, ConnectionKind::BusinessSystemUser, &granted.granted),
            ..granted
        },
        todo: sync_plan::of_system_user(business.as_ref(), &granular_scopes),
        granular_scopes,
        total: first.ok().and_then(|page| page.total),
        token: issued.access_token,
        business,
        found,
    })
}

/// What the inspection says counts; a token is never taken for eternal because nobody said when it ends.
fn expiry(app: &App, issued: &IssuedToken, inspection: &TokenInspection) -> Option<i64> {
    match (inspection.says_expiry, issued.lifetime) {
        (true, _) => inspection.expires_at.map(seconds_to_ms),
        (false, TokenLifetime::Seconds(seconds)) => Some(app.now() + seconds_to_ms(seconds)),
        (false, TokenLifetime::Unsaid) => Some(app.now() + UNSAID_TTL),
    }
}
