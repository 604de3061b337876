//! Facebook Login: a person's token.

use metaads_graph::{AccessToken, IssuedToken, Person, Profile, TokenInspection, TokenLifetime};
use metaads_store::ConnectionKind;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::assets::sync_plan::{self, PAGE_LIMIT};
use crate::connections::connect::failure::Failure;
use crate::connections::connect::grant::granted::{self, Grant};
use crate::connections::granular_scopes;
use crate::connections::permissions;
use crate::connections::token::inspect::is_ours;

/// The grant behind a short-lived token. Long-lived exchange, inspection and reads run together: one round trip, and
/// another only for what Meta left out.
pub async fn person(app: &App, short: AccessToken) -> Result<Grant, Failure> {
    let (long, inspection, profile) = tokio::join!(
        app.graph().exchange_long_lived(&short),
        app.graph().inspect_token(&short),
        app.graph().read_profile(&short, PAGE_LIMIT),
    );
    let (inspection, long, profile) = (inspection?, long?, profile?);
    let person = verified_person(app, &short, &inspection, &profile).await?;
    let expires_at = expiry(app, &long, &person).await?;
    let (assets, tasks) = sync_plan::after_profile(&profile, &inspection.granular_scopes);
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
        data_access_expires_at: inspection.data_access_expires_at.map(|at| at.to_millis()),
        permissions: permissions::from_meta(
            &app.config.meta_login.scopes,
            &inspection.scopes,
            profile.permissions.as_deref().ok(),
        ),
        granular_scopes: granular_scopes::to_text(&inspection.granular_scopes),
        assets,
        tasks,
        total: profile.ad_accounts.as_ref().ok().and_then(|page| page.total),
    })
}

/// The token must be ours, valid, and belong to the person it reads; otherwise somebody has swapped it.
async fn verified_person(
    app: &App,
    token: &AccessToken,
    inspection: &TokenInspection,
    profile: &Profile,
) -> Result<Person, Failure> {
    let person = match &profile.person {
        Ok(person) => person.clone(),
        Err(_) => app.graph().read_person(token).await?,
    };
    if is_ours(app, inspection, "USER", person.id.as_str()) {
        Ok(person)
    } else {
        Err(Code::ForeignToken.into())
    }
}

/// When the long-lived token ends (Unix milliseconds); None: never. If the exchange does not report it,
/// `debug_token` does.
async fn expiry(app: &App, long: &IssuedToken, person: &Person) -> Result<Option<i64>, Failure> {
    match long.lifetime {
        TokenLifetime::Seconds(seconds) => Ok(Some(app.now() + seconds.to_millis())),
        TokenLifetime::NotReported => {
            let inspection = app.graph().inspect_token(&long.access_token).await?;
            match is_ours(app, &inspection, "USER", person.id.as_str()) {
                true => Ok(granted::expiry(app, long, &inspection)),
                false => Err(Code::ForeignToken.into()),
            }
        }
    }
}
