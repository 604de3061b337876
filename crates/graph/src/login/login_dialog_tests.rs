use std::time::Duration;

use proptest::prelude::*;

use super::super::pkce::PkceVerifier;
use super::*;
use crate::ids::{AppId, AppSecret};
use crate::version::GraphVersion;

fn app() -> MetaApp {
    MetaApp {
        app_id: AppId::parse("42").expect("an id"),
        app_secret: AppSecret::new("very-secret".to_owned()),
        previous_app_secret: None,
        proxy: None,
        version: GraphVersion::NEWEST,
        dialog_url: "https://www.facebook.com".parse().expect("a URL"),
        graph_url: "https://graph.facebook.com".parse().expect("a URL"),
        instagram_url: "https://graph.instagram.com".parse().expect("a URL"),
        instagram: None,
        timeout: Duration::from_secs(1),
    }
}

fn request<'a>(scopes: &'a [String], challenge: Option<&'a PkceChallenge>) -> DialogRequest<'a> {
    DialogRequest {
        redirect_uri: "https://ads.example/connect/meta/callback",
        state: "s&t=a te",
        permissions: PermissionRequest::Permissions(scopes),
        auth_type: Some(AuthType::Rerequest),
        is_popup: true,
        challenge,
    }
}

#[test]
fn the_dialog_url_has_every_parameter_and_no_secret() {
    let url = app().login_dialog_url(&request(&["ads_read".to_owned(), "pages_show_list".to_owned()], None));
    assert_eq!(
        url.as_str(),
        "https://www.facebook.com/v26.0/dialog/oauth?client_id=42\
         &redirect_uri=https%3A%2F%2Fads.example%2Fconnect%2Fmeta%2Fcallback&state=s%26t%3Da+te\
         &response_type=code&scope=ads_read%2Cpages_show_list&auth_type=rerequest&display=popup"
    );
}

#[test]
fn a_configuration_replaces_the_scopes() {
    let asked = DialogRequest {
        permissions: PermissionRequest::Configuration("77"),
        auth_type: None,
        ..request(&[], None)
    };
    let url = app().login_dialog_url(&asked).to_string();
    assert!(url.contains("&response_type=code&config_id=77&override_default_response_type=true"), "{url}");
    assert!(!url.contains("scope="), "{url}");
}

#[test]
fn instagram_login_has_its_own_dialog_url() {
    let app = InstagramApp {
        app_id: AppId::parse("43").expect("an id"),
        app_secret: AppSecret::new("another-secret".to_owned()),
        dialog_url: "https://www.instagram.com".parse().expect("a URL"),
        api_url: "https://api.instagram.com".parse().expect("a URL"),
    };
    let url = app.login_dialog_url(
        "https://ads.example/connect/instagram/callback",
        "s",
        &["instagram_business_basic"],
        InstagramReauth::IfSignedOut,
    );
    assert_eq!(
        url.as_str(),
        "https://www.instagram.com/oauth/authorize?client_id=43\
         &redirect_uri=https%3A%2F%2Fads.example%2Fconnect%2Finstagram%2Fcallback&response_type=code\
         &scope=instagram_business_basic&state=s"
    );
}

#[test]
fn the_dialog_url_carries_the_pkce_challenge() {
    let challenge = PkceVerifier::from_random([0xff; 32]).challenge();
    let url = app().login_dialog_url(&request(&[], Some(&challenge)));
    let expected = format!("code_challenge={}&code_challenge_method=S256", challenge.as_str());
    assert!(url.as_str().ends_with(&expected), "{url}");
}

proptest! {
    #[test]
    fn dialog_url_parameters_survive_encoding(state in ".{1,80}", redirect in ".{1,80}") {
        let scopes = ["ads_read".to_owned()];
        let asked = DialogRequest { state: &state, redirect_uri: &redirect, ..request(&scopes, None) };
        let url = app().login_dialog_url(&asked);
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        prop_assert!(pairs.contains(&("state".to_owned(), state)));
        prop_assert!(pairs.contains(&("redirect_uri".to_owned(), redirect)));
        prop_assert_eq!(pairs.len(), 7);
    }
}
