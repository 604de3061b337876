//! A database that the version before filled.

use super::renewal::connected;
use super::seed::days;
use crate::world::World;

/// What the first version wrote looks like this: no data key, the value sealed by ENCRYPTION_KEY itself, and
/// no check that comes again.
#[tokio::test]
async fn connections_made_before_there_were_data_keys_go_on() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    let key = metaads_vault::Keyring::parse(crate::world::KEY).unwrap();
    let user = world.text("SELECT user_id FROM meta_connections").await;
    let row = format!("{user}/{id}");
    let place = metaads_vault::SealContext { table: "meta_connections", column: "access_token", row: &row };
    let token = world.meta.issue(
        metaads_sandbox::Persona::SoleTrader.user_id(),
        metaads_sandbox::TokenKind::User,
        &super::seed::SCOPES,
        Some(days(60)),
    );
    let sealed = key.seal(&place, [3; 12], token.as_bytes());
    let bytes = hex::encode(sealed.as_bytes());
    let bytes = match world.database_url.starts_with("sqlite:") {
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
        &metaads::random::Random::Os,
        app.now(),
        metaads::keys::rotate::Reach::Everything,
        |_, _| {},
    )
    .await
    .unwrap();
    let direct = "SELECT COUNT(*) FROM meta_connections c JOIN data_keys k ON k.id = c.access_token_key
                  WHERE k.wrapped_key IS NULL";
    assert_eq!(world.number(direct).await, 0);
}
