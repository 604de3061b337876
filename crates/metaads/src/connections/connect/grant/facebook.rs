//! Facebook Login: a person's token.

use metaads_graph::{AccessToken, GraphError, IssuedToken, Person, Profile, TokenInspection, TokenLifetime};
use metaads_store::ConnectionKind;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::assets::rows;
use crate::connections::assets::sync_plan::PAGE_LIMIT;
use crate::connections::connect::grant::{
    Failure, Grant, UNSAID_TTL, failure_of, granular_text, is_ours, permissions, seconds_to_ms,
};

/// Long-lived exchange, inspection and reads together: one round of waiting. Another only for what Meta
/// left out.
pub async fn ask(app: &App, short: AccessToken) -> Result<Grant, Failure> {
    let (long, inspection, profile) = tokio::join!(
        app.graph().exchange_long_lived(&short),
        app.graph().inspect_token(&short),
        app.graph().read_profile(&short, PAGE_LIMIT),
    );
    let failed = |error: GraphError| failure_of(&error, Code::MetaUnavailable);
    let inspection = inspection.map_err(failed)?;
    let long = long.map_err(failed)?;
    let profile = profile.map_err(failed)?;
    let person = verified_person(app, &short, &inspection, &profile).await?;
    let expires_at = expiry(app, &long, &person).await?;
    let (found, todo) = rows::first_reading(&profile, &inspection.granular_scopes);
    Ok(Grant {
        kind: ConnectionKind::FacebookUser,
        app_id: app.graph().app().app_id.to_string(),
        token: long.access_token,
        scoped_user_id: None,
        meta_user_id: person.id.to_string(),
        name: person.name,
        picture_url: person.picture_url,
        business: None,
        expires_at,
        data_access_expires_at: inspection.data_access_expires_at.map(seconds_to_ms),
        permissions: permissions(&app.config.scopes, &inspection.scopes, profile.permissions.as_deref().ok()),
        granular_scopes: granular_text(&inspection.granular_scopes),
        found,
        todo,
        total: profile.ad_accounts.as_ref().ok().and_then(|page| page.total),
    })
}

/// The token must be ours, alive, and of the person it reads: else somebody slipped us another one.
async fn verified_person(
    app: &App,
    token: &AccessToken,
    inspection: &TokenInspection,
    profile: &Profile,
) -> Result<Person, Failure> {
    let person = match &profile.person {
        Ok(person) => person.clone(),
        Err(_) => {
            let asked = app.graph().read_person(token).await;
            asked.map_err(|error| failure_of(&error, Code::MetaUnavailable))?
        }
    };
    if is_ours(app, inspection, "USER", person.id.as_str()) {
        Ok(person)
    } else {
        Err(Code::ForeignToken.into())
    }
}

/// When the long-lived token ends (milliseconds since the epoch); None: never. Where Meta did not say,
/// `debug_token` does.
async fn expiry(app: &App, long: &IssuedToken, person: &Person) -> Result<Option<i64>, Failure> {
    match long.lifetime {
        TokenLifetime::Seconds(seconds) => Ok(Some(app.now() + seconds_to_ms(seconds))),
        TokenLifetime::Unsaid => {
            let inspection = app.graph().inspect_token(&long.access_token).await;
            let inspection = inspection.map_err(|error| failure_of(&error, Code::MetaUnavailable))?;
            match is_ours(app, &inspection, "USER", person.id.as_str()) {
                true if inspection.says_expiry => Ok(inspection.expires_at.map(seconds_to_ms)),
                true => Ok(Some(app.now() + UNSAID_TTL)),
                false => Err(Code::ForeignToken.into()),
            }
        }
    }
}
