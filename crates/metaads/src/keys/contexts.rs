//! What each sealed value is sealed for. A value opens only in the context it was sealed in, so that one that was
//! moved to another row, column or owner stays closed.

use metaads_store::{ConnectionId, WorkspaceId};
use metaads_vault::SealContext;

/// The row of a connection's token: the workspace that owns it, and the connection. Not the user, so that a
/// connection can change hands inside a workspace.
pub fn token_row(workspace: &WorkspaceId, connection: &ConnectionId) -> String {
    format!("{workspace}/{connection}")
}

/// A connection's token; `row` comes from [`token_row`].
pub fn token_context(row: &str) -> SealContext<'_> {
    SealContext { table: "meta_connections", column: "access_token", row }
}

/// The PKCE verifier of a pending authorization.
pub fn verifier_context(authorization: &str) -> SealContext<'_> {
    SealContext { table: "authorizations", column: "pkce_verifier", row: authorization }
}

/// A secret other than a token.
pub fn secret_context(id: &str) -> SealContext<'_> {
    SealContext { table: "secrets", column: "sealed", row: id }
}

/// A data key's id, place in the order and age, which its wrapping authenticates: whoever can write to the database
/// cannot make an old key the one that seals.
pub fn data_key_row(id: &str, number: i64, created_at: i64) -> String {
    format!("{id}/{number}/{created_at}")
}

/// A data key, wrapped by the key-encryption key. `row` comes from [`data_key_row`]; before there were numbers it was the
/// id alone.
pub fn data_key_context(row: &str) -> SealContext<'_> {
    SealContext { table: "data_keys", column: "wrapped_key", row }
}
