//! Instagram Login: the token of an Instagram professional account, without Facebook.

use metaads_graph::{AuthorizationCode, TokenLifetime};
use metaads_store::{AssetBatch, Authorization, ConnectionKind, NewInstagramAccount, ScopeSet};

use crate::app::App;
use crate::clock::DAY;
use crate::codes::error_code::Code;
use crate::connections::connect::failure::Failure;
use crate::connections::connect::grant::granted::Grant;
use crate::connections::connect::grant::repeat::repeat_once;
use crate::connections::permissions::GrantedPermissions;

/// Exchanges the code for a token of one hour; then, together, that token for one of sixty days, and whose it is.
pub async fn ask(
    app: &App,
    authorization: &Authorization,
    code: &AuthorizationCode,
) -> Result<Grant, Failure> {
    let Some(instagram) = &app.graph().app().instagram else { return Err(Code::MetaAppMisconfigured.into()) };
    let short = app.graph().exchange_instagram_code(instagram, code, &authorization.redirect_uri).await;
    let short = short.map_err(|error| Failure::of_error(&error))?;
    let (long, profile) = tokio::join!(
        repeat_once(|| app.graph().exchange_instagram_long_lived(instagram, &short.access_token)),
        repeat_once(|| app.graph().read_instagram_profile(&short.access_token)),
    );
    let (long, profile) = (long?, profile?);
    let own = NewInstagramAccount {
        instagram_id: profile.id.to_string(),
        username: profile.username.clone(),
        name: profile.name.clone(),
        page_id: None,
    };
    let granted = ScopeSet(short.permissions.into_iter().filter(|word| !word.contains(',')).collect());
    let kind = ConnectionKind::InstagramUser;
    Ok(Grant {
        kind,
        app_id: instagram.app_id.to_string(),
        token: long.access_token,
        meta_user_id: profile.id.to_string(),
        scoped_user_id: profile.scoped_id,
        name: profile.name,
        picture_url: profile.picture_url,
        business: None,
        expires_at: match long.lifetime {
            TokenLifetime::Seconds(seconds) => Some(app.now() + seconds.to_millis()),
            // Documented as sixty days. If it is not reported, the token is refreshed as soon as Meta allows, after a
            // day, and then its end is known.
            TokenLifetime::NotReported => Some(app.now() + 2 * DAY),
        },
        data_access_expires_at: None,
        permissions: GrantedPermissions { granted, ..GrantedPermissions::default() },
        granular_scopes: "[]".to_owned(),
        assets: AssetBatch { instagram_accounts: vec![own], ..AssetBatch::default() },
        tasks: Vec::new(),
        total: None,
    })
}
