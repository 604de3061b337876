//! Facebook Login for Business: the token of a system user of the client's portfolio, or a person's, as the
//! configuration says. The same for an imported token of a system user.

use metaads_graph::{Edge, IssuedToken, TokenInspection};
use metaads_store::{AssetBatch, ConnectionKind};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::assets::rows;
use crate::connections::assets::sync_plan::{self, PAGE_LIMIT};
use crate::connections::connect::failure::Failure;
use crate::connections::connect::grant::facebook;
use crate::connections::connect::grant::granted::{self, Grant};
use crate::connections::connect::grant::repeat::{LISTS_PATIENCE, repeat_once};
use crate::connections::granular_scopes::{self, Reach};
use crate::connections::permissions::{self, GrantedPermissions};
use crate::connections::token::inspect::is_ours;

/// The grant behind a token of Login for Business, whichever kind it is.
pub async fn ask(app: &App, issued: IssuedToken) -> Result<Grant, Failure> {
    let inspection = repeat_once(|| app.graph().inspect_token(&issued.access_token)).await?;
    match inspection.kind.as_deref() {
        Some("SYSTEM_USER") => system_user(app, issued, inspection).await,
        _ => facebook::person(app, issued.access_token).await,
    }
}

/// The grant behind a system user's token: who it is, and the first page of what is assigned to it.
pub async fn system_user(
    app: &App,
    issued: IssuedToken,
    inspection: TokenInspection,
) -> Result<Grant, Failure> {
    let (user, first) = tokio::join!(
        repeat_once(|| app.graph().read_system_user(&issued.access_token)),
        tokio::time::timeout(
            LISTS_PATIENCE,
            app.graph().list_ad_accounts(&issued.access_token, &Edge::AssignedAdAccounts, None, PAGE_LIMIT),
        ),
    );
    let (user, first) = (user?, first.ok().and_then(Result::ok));
    if !is_ours(app, &inspection, "SYSTEM_USER", user.id.as_str()) {
        return Err(Code::ForeignToken.into());
    }
    let business = match &user.business {
        None => None,
        Some(id) => {
            let read = repeat_once(|| app.graph().read_business(&issued.access_token, id)).await;
            Some((id.to_string(), read.map_or_else(|_| id.to_string(), |business| business.name)))
        }
    };
    let mine = business.clone().into_iter().collect();
    let assets = first.as_ref().map_or_else(AssetBatch::default, |page| {
        let row = |account| rows::new_ad_account(account, &Edge::AssignedAdAccounts, &mine, &Reach::All);
        AssetBatch { ad_accounts: page.items.iter().map(row).collect(), ..AssetBatch::default() }
    });
    // What a system user is granted, the login configuration decides.
    let permissions = GrantedPermissions {
        is_complete: true,
        ..permissions::from_meta(&inspection.scopes, &inspection.scopes, None)
    };
    let granular = granular_scopes::to_text(&inspection.granular_scopes);
    Ok(Grant {
        kind: ConnectionKind::BusinessSystemUser,
        app_id: app.graph().app().app_id.to_string(),
        scoped_user_id: None,
        meta_user_id: user.id.to_string(),
        name: business.as_ref().map_or(user.name, |(_, name)| name.clone()),
        picture_url: None,
        expires_at: granted::expiry(app, &issued, &inspection),
        // The data access limit concerns people only.
        data_access_expires_at: None,
        permissions,
        tasks: sync_plan::of_system_user(business.as_ref(), &granular),
        granular_scopes: granular,
        total: first.and_then(|page| page.total),
        token: issued.access_token,
        business,
        assets,
    })
}
