use serde_json::json;

use super::*;

#[test]
fn an_expiry_of_zero_means_never() {
    let inspection = TokenInspection::from_json(&json!({"data": {
        "app_id": 123, "is_valid": true, "user_id": 10_222u64, "expires_at": 0, "data_access_expires_at": 0,
        "scopes": ["ads_read"],
        "granular_scopes": [{"scope": "pages_show_list", "target_ids": [12, "34"]}, {"scope": "ads_read"}]
    }}))
    .expect("an inspection");
    assert_eq!(inspection.app_id, "123");
    assert_eq!(inspection.user_id.as_deref(), Some("10222"));
    assert_eq!(inspection.expires_at, TokenExpiry::Never);
    assert_eq!(inspection.granular_scopes[0].target_ids, ["12", "34"]);
}
