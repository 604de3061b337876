//! Facebook Login: a person's token.

use metaads_graph::{AccessToken, FirstLists, GraphError, IssuedToken, Permission, Person, TokenLifetime};
use metaads_store::{ConnectionKind, ScopeSet};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::assets::sync_plan::{self, PAGE_LIMIT};
use crate::connections::connect::failure::Failure;
use crate::connections::connect::grant::granted::{self, Grant};
use crate::connections::connect::grant::repeat::{LISTS_PATIENCE, repeat_once};
use crate::connections::granular_scopes;
use crate::connections::permissions;
use crate::connections::token::inspect::is_ours;

/// The grant behind a short-lived token. Long-lived exchange, inspection and reads run together: one round trip, and
/// another only for what Meta left out. Identity and permissions decide; the asset lists come when they come.
pub async fn person(app: &App, short: AccessToken) -> Result<Grant, Failure> {
    let (long, inspection, known) = tokio::join!(
        repeat_once(|| app.graph().exchange_long_lived(&short)),
        repeat_once(|| app.graph().inspect_token(&short)),
        read(app, &short),
    );
    let (inspection, long) = (inspection?, long?);
    let Known { person, permissions, lists } = known?;
    if !is_ours(app, &inspection, "USER", person.id.as_str()) {
        return Err(Code::ForeignToken.into());
    }
    let expires_at = expiry(app, &long, &person).await?;
    let granted = ScopeSet(inspection.scopes.clone());
    let (assets, tasks) = sync_plan::after_first_lists(lists.as_ref(), &granted, &inspection.granular_scopes);
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
            permissions.as_deref(),
        ),
        granular_scopes: granular_scopes::to_text(&inspection.granular_scopes),
        assets,
        tasks,
        total: lists.and_then(|lists| lists.ad_accounts.ok()).and_then(|page| page.total),
    })
}

/// What was read with a new token.
struct Known {
    person: Person,
    /// None: Meta did not say.
    permissions: Option<Vec<Permission>>,
    /// None: they did not come in time.
    lists: Option<FirstLists>,
}

/// Everything in one batch. If it fails or takes long, whose token it is and what was granted are read without the lists.
async fn read(app: &App, token: &AccessToken) -> Result<Known, GraphError> {
    let batch = tokio::time::timeout(LISTS_PATIENCE, app.graph().read_profile(token, PAGE_LIMIT)).await;
    let (person, permissions, lists) = match batch {
        Ok(Ok(profile)) => (profile.person.ok(), profile.permissions.ok(), Some(profile.lists)),
        Ok(Err(_)) | Err(_) => (None, None, None),
    };
    let person = async {
        match person {
            Some(person) => Ok(person),
            None => app.graph().read_person(token).await,
        }
    };
    let permissions = async {
        match permissions {
            Some(permissions) => Some(permissions),
            None => app.graph().read_permissions(token).await.ok(),
        }
    };
    let (person, permissions) = tokio::join!(person, permissions);
    Ok(Known { person: person?, permissions, lists })
}

/// When the long-lived token ends (Unix milliseconds); None: never. If the exchange does not report it,
/// `debug_token` does.
async fn expiry(app: &App, long: &IssuedToken, person: &Person) -> Result<Option<i64>, Failure> {
    match long.lifetime {
        TokenLifetime::Seconds(seconds) => Ok(Some(app.now() + seconds.to_millis())),
        TokenLifetime::NotReported => {
            let inspection = repeat_once(|| app.graph().inspect_token(&long.access_token)).await?;
            match is_ours(app, &inspection, "USER", person.id.as_str()) {
                true => Ok(granted::expiry(app, long, &inspection)),
                false => Err(Code::ForeignToken.into()),
            }
        }
    }
}
