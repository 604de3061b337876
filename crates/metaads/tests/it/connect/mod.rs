//! The connect flow. Test names that begin with o1, o2 … follow the OAuth client checklist.

mod callback;
mod permissions;
mod request_forgery;
mod state;

use metaads_sandbox::Endpoint;
use url::Url;

use crate::browser::Browser;
use crate::world::World;

/// A query parameter of a URL, empty where it is missing.
fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(own, _)| own == name).map_or(String::new(), |(_, value)| value.into_owned())
}

/// Asserts that the callback is refused: no call to Meta, nothing stored, and a page that says what to do.
async fn assert_refused(world: &World, browser: &Browser, callback: &str, title: &str) {
    let before = world.meta.count(Endpoint::Token);
    let response = browser.get(callback).await;
    assert_eq!(response.status, 303, "{callback}");
    assert!(
        !response.location.contains("code=") && !response.location.contains("state="),
        "{}",
        response.location
    );
    let page = browser.get(&response.location).await;
    assert_eq!(page.title(), title, "{callback}");
    assert!(page.has("Support ID"), "{callback}");
    assert_eq!(world.meta.count(Endpoint::Token), before, "{callback}");
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections").await, 0);
}
