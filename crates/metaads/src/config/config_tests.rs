use super::*;

const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn mistakes<const N: usize>(values: [(&str, &str); N]) -> String {
    Config::read(&Source::of(values)).expect_err("a mistake").to_string()
}

#[test]
fn nothing_configured_is_the_demo() {
    let config = Config::read(&Source::of([])).expect("no mistake");
    assert!(config.meta.is_none() && config.keys.keyring.is_none());
    assert_eq!(config.redirect_uri(), "http://localhost:3000/connect/meta/callback");
    assert_eq!(
        config.meta_login.required_scopes().collect::<Vec<_>>(),
        ["ads_management", "ads_read", "business_management", "pages_read_engagement"]
    );
}

#[test]
fn the_public_address_follows_the_port() {
    let config = Config::read(&Source::of([("METAADS_LISTEN", "127.0.0.1:8080")])).expect("no mistake");
    assert_eq!(config.base(), "http://localhost:8080");
}

#[test]
fn a_meta_app_without_a_key_is_refused_with_the_way_to_make_one() {
    let said = mistakes([("META_APP_ID", "42"), ("META_APP_SECRET", "shh-secret")]);
    assert!(said.contains("ENCRYPTION_KEY") && said.contains("metaads keys generate"), "{said}");
    assert!(!said.contains("shh-secret"), "{said}");
}

#[test]
fn all_mistakes_come_at_once_and_no_secret_with_them() {
    let said = mistakes([
        ("METAADS_LISTEN", "everywhere"),
        ("PUBLIC_URL", "http://ads.example.com"),
        ("META_APP_ID", "my app"),
        ("META_API_VERSION", "v3.1"),
        ("ENCRYPTION_KEY", "hunter2hunter2"),
        ("DATABASE_URL", "mysql://root:hunter2@db"),
        ("META_GRAPH_URL", "http://graph.example.com"),
        ("META_SCOPES", "instagram_business_basic"),
        ("METAADS_JOBS_INTERVAL", "often"),
        ("METAADS_SIGNIN_LIMITS", "off"),
        ("META_APP_SECRET_FILE", "/nonexistent/secret"),
    ]);
    for name in [
        "METAADS_LISTEN",
        "PUBLIC_URL",
        "META_APP_ID",
        "META_APP_SECRET",
        "META_APP_SECRET_FILE",
        "META_API_VERSION",
        "ENCRYPTION_KEY",
        "DATABASE_URL",
        "META_GRAPH_URL",
        "META_SCOPES",
        "METAADS_JOBS_INTERVAL",
        "METAADS_SIGNIN_LIMITS",
    ] {
        assert!(said.contains(&format!("  {name} ")), "{name} in {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_real_app_needs_nothing_but_its_three_secrets() {
    let config = Config::read(&Source::of([
        ("META_APP_ID", "42"),
        ("META_APP_SECRET", "s"),
        ("ENCRYPTION_KEY", KEY),
        ("PUBLIC_URL", "https://ads.example.com/"),
    ]))
    .expect("no mistake");
    let meta = config.meta.expect("a Meta app");
    assert_eq!(meta.graph_url.as_str(), "https://graph.facebook.com/");
    assert!(!format!("{meta:?}").contains("\"s\""));
}
