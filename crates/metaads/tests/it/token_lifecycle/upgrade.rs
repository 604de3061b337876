//! A database that an earlier version filled.

use crate::bulk_connections::SCOPES;
use crate::world::{World, days};

/// The first version had no data keys: ENCRYPTION_KEY sealed the values directly.
#[tokio::test]
async fn connections_sealed_before_data_keys_still_work() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let key = metaads_vault::Keyring::parse(crate::world::KEY).unwrap();
    let user = world.text("SELECT user_id FROM meta_connections").await;
    let row = format!("{user}/{id}");
    let context = metaads_vault::SealContext { table: "meta_connections", column: "access_token", row: &row };
    let token = world.meta.issue(
        metaads_sandbox::Persona::SoleTrader.user_id(),
        metaads_sandbox::TokenKind::User,
        &SCOPES,
        Some(days(60)),
    );
    let sealed = key.seal(&context, [3; 12], token.as_bytes());
    let bytes = hex::encode(sealed.as_bytes());
    let bytes = match world.is_sqlite() {
        true => format!("x'{bytes}'"),
        false => format!("'\\x{bytes}'"),
    };
    let id_of_key = sealed.key_id();
    world
        .sql(&format!(
            "INSERT INTO data_keys (id, kek, created_at) VALUES ('{id_of_key}', 'local:{id_of_key}', 0)"
        ))
        .await;
    world
        .sql(&format!("UPDATE meta_connections SET access_token = {bytes}, access_token_key = '{id_of_key}'"))
        .await;
    world.advance(days(2));
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    let app = &world.app;
    metaads::keys::rotate::rotate(
        &app.store,
        &app.keys,
        &app.random,
        app.now(),
        metaads::keys::rotate::Reach::Everything,
        |_, _| {},
    )
    .await
    .unwrap();
    let without_data_key =
        "SELECT COUNT(*) FROM meta_connections c JOIN data_keys k ON k.id = c.access_token_key
                  WHERE k.wrapped_key IS NULL";
    assert_eq!(world.number(without_data_key).await, 0);
}
