use proptest::prelude::*;

use super::*;

fn response(query: &str) -> String {
    match Callback::parse(query) {
        Ok(callback) => format!("{:?}", callback.response),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn every_dialog_response_is_classified() {
    for (query, expected) in [
        ("code=AQB1&state=s", "Code(AuthorizationCode(redacted))"),
        ("code=AQB1&state=s&iss=x&granted_scopes=a,b&unknown=1", "Code(AuthorizationCode(redacted))"),
        ("error=access_denied&error_reason=user_denied&error_code=200&state=s", "Denied"),
        ("error_code=1349126&error_message=App+Not+Active&state=s", "AppNotActive { error_code: 1349126 }"),
        (
            "error_code=1349220&error_message=Nicht+verf%C3%BCgbar&state=s",
            "AppNotActive { error_code: 1349220 }",
        ),
        ("error_code=1349245&error_message=x&state=s", "AppNotActive { error_code: 1349245 }"),
        ("error_code=1349048&error_message=x&state=s", "Misconfigured { error_code: Some(1349048) }"),
        ("error_code=1349168&error_message=x&state=s", "Misconfigured { error_code: Some(1349168) }"),
        ("error_code=1349186&error_message=x&state=s", "Misconfigured { error_code: Some(1349186) }"),
        ("error_message=Irgendetwas&state=s", "Misconfigured { error_code: None }"),
        ("error_description=Permissions+error&state=s", "Misconfigured { error_code: None }"),
        ("error_reason=user_denied&state=s", "Denied"),
        ("error=temporarily_unavailable&state=s", "Unavailable"),
        ("error=invalid_scope&state=s", "Misconfigured { error_code: None }"),
        ("code=AQB1", "MissingState"),
        ("code=AQB1&state=", "MissingState"),
        ("code=AQB1&state=a&state=a", "DuplicateParameter"),
        ("code=1&code=2&state=a", "DuplicateParameter"),
        ("code=1&error=access_denied&state=a", "Contradictory"),
        ("state=a", "Missing"),
        ("code=&state=a", "Missing"),
    ] {
        assert_eq!(response(query), expected, "{query}");
    }
    assert_eq!(response(&format!("state=a&code={}", "x".repeat(4097))), "InvalidCode");
}

#[test]
fn the_fragment_that_instagram_appends_is_removed_from_the_code() {
    for query in ["code=AQB&state=s", "code=AQB%23_&state=s"] {
        match Callback::parse(query).expect("a callback").response {
            AuthorizationResponse::Code(code) => assert_eq!(code.expose(), "AQB"),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn no_query_panics(query in ".{0,400}") {
        let _ = Callback::parse(&query);
    }
}
