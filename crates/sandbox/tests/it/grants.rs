//! Permissions and data access that expire, and tokens that can be restored.

use metaads_sandbox::{Answer, PermissionStatus, Persona};
use serde_json::Value;

use crate::world::{World, days, refusal, world};

const AYLIN: &str = "10226498135524402";

impl World {
    async fn status(&self, token: &str, permission: &str) -> Option<String> {
        let (_, body) = self.get(token, "me/permissions", &[]).await;
        let rows = body["data"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["permission"] == permission);
        row.and_then(|row| row["status"].as_str()).map(str::to_owned)
    }
}

#[tokio::test]
async fn an_expired_permission_is_listed_but_not_effective() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    world.control.set_permission(AYLIN, "ads_read", PermissionStatus::Expired);
    world.control.set_permission(AYLIN, "ads_management", PermissionStatus::Declined);
    assert_eq!(world.status(&token, "ads_read").await.as_deref(), Some("expired"));
    assert_eq!(world.status(&token, "ads_management").await.as_deref(), Some("declined"));
    let inspected = world.inspect(&token).await;
    let has = |name: &str| inspected["scopes"].as_array().expect("a list").contains(&Value::from(name));
    assert!(!has("ads_read") && !has("ads_management") && has("pages_show_list"));
    assert_eq!(refusal(&world.get(&token, "me/adaccounts", &[]).await), (403, 200, None));
    let grant = world.control.grant(AYLIN).expect("a grant");
    assert_eq!((grant.declined.len(), grant.granted.len()), (1, 5), "an expired permission is neither");

    world.control.set_permission(AYLIN, "ads_management", PermissionStatus::Granted);
    assert_eq!(world.get(&token, "me/adaccounts", &[("limit", "1")]).await.0, 200);
    world.login(Answer::agree(Persona::Agency)).await;
    assert_eq!(
        world.status(&token, "ads_read").await.as_deref(),
        Some("granted"),
        "the login requests it again"
    );
    world.control.set_permission(Persona::Nobody.user_id(), "ads_read", PermissionStatus::Granted);
    assert!(world.control.grant(Persona::Nobody.user_id()).is_none(), "no grant is created");
}

#[tokio::test]
async fn data_access_expiry_can_be_set() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    world.control.set_data_access(AYLIN, days(3));
    assert_eq!(world.inspect(&token).await["data_access_expires_at"], 1_795_348_800 + 3 * 86_400);
    world.login_as(Persona::Agency).await;
    assert_eq!(world.inspect(&token).await["data_access_expires_at"], 1_795_348_800 + 90 * 86_400);
}

#[tokio::test]
async fn only_recoverable_tokens_can_be_restored() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    for curable in [459, 464] {
        world.control.invalidate_tokens(AYLIN, curable);
        assert_eq!(refusal(&world.get(&token, "me", &[]).await), (400, 190, Some(curable.into())));
        world.control.restore_tokens(AYLIN);
        assert_eq!(world.get(&token, "me", &[]).await.0, 200);
        assert_eq!(world.inspect(&token).await["is_valid"], true);
    }
    for other in [460, 458] {
        let token = world.login_as(Persona::Agency).await;
        world.control.invalidate_tokens(AYLIN, 459);
        world.control.invalidate_tokens(AYLIN, other);
        world.control.restore_tokens(AYLIN);
        assert_eq!(refusal(&world.get(&token, "me", &[]).await), (400, 190, Some(other.into())));
    }
}

#[tokio::test]
async fn deleting_one_permission_by_parameter_keeps_the_others() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let one = format!("{AYLIN}/permissions?permission=instagram_basic");
    assert_eq!(world.delete(&token, &one).await.1["success"], true);
    assert_ne!(world.status(&token, "instagram_basic").await.as_deref(), Some("granted"));
    assert_eq!(world.status(&token, "ads_read").await.as_deref(), Some("granted"), "the others are kept");
    let fixed = world.delete(&token, "me/permissions?permission=public_profile").await;
    assert_eq!(refusal(&fixed), (400, 100, None));
}
