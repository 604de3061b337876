//! Whether a login is the one that was expected. A button that reconnects may end in a new connection where the old one is
//! gone; a connect session that repairs adds nothing.

use metaads_store::{Authorization, ConnectionId, StoreError};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::failure::{Failure, FailureDetail};
use crate::connections::connect::grant::Grant;

/// Why this login does not reconnect the connection that it was for; None: it does, or was for none.
pub async fn wrong_person(
    app: &App,
    authorization: &Authorization,
    met: &Grant,
) -> Result<Option<Failure>, StoreError> {
    let Some(id) = &authorization.reconnects else { return Ok(None) };
    let may_add = authorization.connect_session.is_none();
    let refused_unless = |is_allowed: bool, code: Code| (!is_allowed).then(|| Failure::from(code));
    let Some(expected) = app.store.find_connection(&authorization.workspace_id, id).await? else {
        // Deleted meanwhile: then it is a new connection.
        return Ok(refused_unless(may_add, Code::NotFound));
    };
    if expected.app_id != met.app_id {
        // With another Meta app the same person has another id: that is a new connection too.
        return Ok(refused_unless(may_add, Code::OtherApp));
    }
    let business = met.business.as_ref().map(|(id, _)| id);
    let is_same_business = business.is_some() && business == expected.business_id.as_ref();
    if expected.meta_user_id == met.meta_user_id || is_same_business {
        return Ok(None);
    }
    let detail = FailureDetail {
        expected: Some(expected.name),
        met: Some(met.name.clone()),
        ..FailureDetail::default()
    };
    Ok(Some(Failure { code: Code::WrongPerson, detail, notice: None }))
}

/// Whether a connect session that is limited to one connection has led to another one, such as one that was made with the
/// same login meanwhile.
pub fn is_other_connection(authorization: &Authorization, connection: &ConnectionId) -> bool {
    authorization.connect_session.is_some()
        && authorization.reconnects.as_ref().is_some_and(|own| own != connection)
}
