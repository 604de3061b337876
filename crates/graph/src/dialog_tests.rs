use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ids::{AppId, AppSecret};
use crate::version::GraphVersion;

fn app() -> MetaApp {
    MetaApp {
        app_id: AppId::parse("42").expect("an id"),
        app_secret: AppSecret::new("very-secret".to_owned()),
        version: GraphVersion::NEWEST,
        dialog_url: "https://www.facebook.com".parse().expect("a URL"),
        graph_url: "https://graph.facebook.com".parse().expect("a URL"),
        instagram_url: "https://graph.instagram.com".parse().expect("a URL"),
        instagram: None,
        deadline: Duration::from_secs(1),
    }
}

fn request<'a>(scopes: &'a [String], challenge: Option<&'a PkceChallenge>) -> DialogRequest<'a> {
    DialogRequest {
        redirect_uri: "https://ads.example/connect/meta/callback",
        state: "s&t=a te",
        asks: Asks::Permissions(scopes),
        again: Again::Rerequest,
        is_popup: true,
        challenge,
    }
}

#[test]
fn the_dialog_address_names_everything_and_no_secret() {
    let url = app().dialog(&request(&["ads_read".to_owned(), "pages_show_list".to_owned()], None));
    assert_eq!(
        url.as_str(),
        "https://www.facebook.com/v26.0/dialog/oauth?client_id=42\
         &redirect_uri=https%3A%2F%2Fads.example%2Fconnect%2Fmeta%2Fcallback&state=s%26t%3Da+te\
         &response_type=code&scope=ads_read%2Cpages_show_list&auth_type=rerequest&display=popup"
    );
}

#[test]
fn a_configuration_takes_the_place_of_permissions() {
    let asked = DialogRequest { asks: Asks::Configuration("77"), again: Again::No, ..request(&[], None) };
    let url = app().dialog(&asked).to_string();
    assert!(url.contains("&response_type=code&config_id=77&override_default_response_type=true"), "{url}");
    assert!(!url.contains("scope="), "{url}");
}

#[test]
fn instagram_login_has_a_dialog_of_its_own() {
    let app = InstagramApp {
        app_id: AppId::parse("43").expect("an id"),
        app_secret: AppSecret::new("another-secret".to_owned()),
        dialog_url: "https://www.instagram.com".parse().expect("a URL"),
        api_url: "https://api.instagram.com".parse().expect("a URL"),
    };
    let url = app.dialog(
        "https://ads.example/connect/instagram/callback",
        "s",
        &["instagram_business_basic"],
        false,
    );
    assert_eq!(
        url.as_str(),
        "https://www.instagram.com/oauth/authorize?client_id=43\
         &redirect_uri=https%3A%2F%2Fads.example%2Fconnect%2Finstagram%2Fcallback&response_type=code\
         &scope=instagram_business_basic&state=s"
    );
    assert_eq!(answer("code=AQB&state=s"), answer("code=AQB%23_&state=s"));
}

#[test]
fn o7_the_challenge_is_s256_of_the_verifier() {
    // The vector of RFC 7636, appendix B.
    let verifier = PkceVerifier::from_text("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
    let challenge = verifier.challenge();
    assert_eq!(challenge.0, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let url = app().dialog(&request(&[], Some(&challenge)));
    assert!(url.as_str().ends_with(&format!("code_challenge={}&code_challenge_method=S256", challenge.0)));
    let fresh = PkceVerifier::from_random([0xff; 32]);
    assert_eq!(fresh.expose().len(), 43);
}

fn answer(query: &str) -> String {
    match Callback::parse(query) {
        Ok(callback) => format!("{:?}", callback.answer),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn every_way_the_dialog_answers_is_told_apart() {
    for (query, expected) in [
        ("code=AQB1&state=s", "Code(AuthorizationCode(redacted))"),
        ("code=AQB1&state=s&iss=x&granted_scopes=a,b&unknown=1", "Code(AuthorizationCode(redacted))"),
        ("error=access_denied&error_reason=user_denied&error_code=200&state=s", "Denied"),
        ("error_code=1349126&error_message=App+Not+Active&state=s", "AppNotActive { number: 1349126 }"),
        ("error_code=1349220&error_message=Nicht+verf%C3%BCgbar&state=s", "AppNotActive { number: 1349220 }"),
        ("error_code=1349245&error_message=x&state=s", "AppNotActive { number: 1349245 }"),
        ("error_code=1349048&error_message=x&state=s", "Misconfigured { number: Some(1349048) }"),
        ("error_code=1349168&error_message=x&state=s", "Misconfigured { number: Some(1349168) }"),
        ("error_code=1349186&error_message=x&state=s", "Misconfigured { number: Some(1349186) }"),
        ("error_message=Irgendetwas&state=s", "Misconfigured { number: None }"),
        ("error_description=Permissions+error&state=s", "Misconfigured { number: None }"),
        ("error_reason=user_denied&state=s", "Denied"),
        ("error=temporarily_unavailable&state=s", "Unavailable"),
        ("error=invalid_scope&state=s", "Misconfigured { number: None }"),
        ("code=AQB1", "NoState"),
        ("code=AQB1&state=", "NoState"),
        ("code=AQB1&state=a&state=a", "Repeated"),
        ("code=1&code=2&state=a", "Repeated"),
        ("code=1&error=access_denied&state=a", "Contradictory"),
        ("state=a", "Contradictory"),
        ("code=&state=a", "ImpossibleCode"),
    ] {
        assert_eq!(answer(query), expected, "{query}");
    }
    assert_eq!(answer(&format!("state=a&code={}", "x".repeat(4097))), "ImpossibleCode");
}

proptest! {
    #[test]
    fn no_query_panics(query in ".{0,400}") {
        let _ = Callback::parse(&query);
    }

    #[test]
    fn what_goes_into_the_dialog_address_comes_out_whole(state in ".{1,80}", redirect in ".{1,80}") {
        let scopes = ["ads_read".to_owned()];
        let url = app().dialog(&DialogRequest { state: &state, redirect_uri: &redirect, ..request(&scopes, None) });
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        prop_assert!(pairs.contains(&("state".to_owned(), state)));
        prop_assert!(pairs.contains(&("redirect_uri".to_owned(), redirect)));
        prop_assert_eq!(pairs.len(), 7);
    }
}
