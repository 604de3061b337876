//! Titles, descriptions and words of the pages.

use metaads_sandbox::{Answer, Persona};

use crate::browser::{Browser, Response};
use crate::world::{World, minutes};

/// The text of `<title>`, without the product's name.
fn title_of(page: &Response) -> String {
    let (_, rest) = page.text.split_once("<title>").unwrap();
    let (title, _) = rest.split_once("</title>").unwrap();
    title.strip_suffix(" · MetaAds").unwrap_or_else(|| panic!("{title}")).to_owned()
}

fn description_of(page: &Response) -> String {
    let (_, rest) = page.text.split_once("<meta name=\"description\" content=\"").unwrap_or(("", ""));
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// Every way in which an attempt can end, with its page.
async fn endings(world: &World, browser: &Browser) -> Vec<(&'static str, Response)> {
    let trader = || Answer::agree(Persona::SoleTrader);
    let mut pages = vec![
        ("You chose not to connect", browser.connect(Answer::cancel()).await),
        ("Facebook hasn’t opened this app to you", browser.connect(Answer::app_not_active()).await),
    ];
    let dialog = browser.start_connect(&[]).await;
    let late = browser.answer_dialog(&dialog, trader()).await;
    let waiting = browser.get("/dashboard").await;
    let attempt = waiting.text.split("/connect/attempts/").nth(1).unwrap().split('"').next().unwrap();
    let attempt = format!("/connect/attempts/{attempt}");
    pages.push(("Connecting to Meta", browser.get(&attempt).await));
    world.advance(minutes(11));
    pages.push(("That took longer than 10 minutes", browser.get(&attempt).await));
    pages.push(("That took longer than 10 minutes", browser.follow_callback(&late).await));

    let without = |scopes: &[&str]| Answer::declining(Persona::SoleTrader, scopes);
    pages.push((
        "Facebook withheld the ad accounts",
        browser.connect(without(&["ads_management", "ads_read"])).await,
    ));
    let id = browser.connection_id().await;
    let again = [("connection", id.as_str()), ("ask_again", "1")];
    let callback = browser.answer_dialog(&browser.start_connect(&again).await, trader()).await;
    let syncing = browser.get(&callback).await.location;
    pages.push(("Syncing your ad accounts", browser.get(&syncing).await));
    world.run_due_jobs().await;
    pages.push(("Tom Okafor is connected again", browser.get(&syncing).await));
    let other = Answer::agree(Persona::SecondSoleTrader);
    pages.push(("That was Ben, not Tom", browser.connect_with(other, &[("connection", &id)]).await));
    for (title, scopes) in [
        ("Ben Carter is connected", &[][..]),
        ("Connected, but a permission is missing", &["instagram_basic"]),
        ("Connected, but 2 permissions are missing", &["instagram_basic", "ads_management"]),
    ] {
        let other = world.user(&format!("{}@b.example", scopes.len())).await;
        let answer = Answer::declining(Persona::SecondSoleTrader, scopes);
        let callback = other.answer_dialog(&other.start_connect(&[]).await, answer).await;
        let ended = other.get(&callback).await.location;
        world.run_due_jobs().await;
        pages.push((title, other.get(&ended).await));
    }
    let nobody = browser.start_connect(&[]).await;
    let callback = browser.answer_dialog(&nobody, Answer::agree(Persona::Nobody)).await;
    let ended = browser.get(&callback).await.location;
    world.run_due_jobs().await;
    pages.push(("Facebook showed us no ad accounts", browser.get(&ended).await));
    pages
}

#[tokio::test]
async fn the_title_of_every_ending_of_an_attempt_is_its_heading() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for (expected, page) in endings(&world, &browser).await {
        assert_eq!((page.title().as_str(), title_of(&page).as_str()), (expected, expected));
    }
}

#[tokio::test]
async fn the_titles_of_other_pages_are_their_headings() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for path in [
        "/dashboard",
        "/settings",
        "/settings/delete",
        "/settings/webhooks",
        "/settings/webhooks/new",
        "/connect/token",
        "/help",
        "/nowhere",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.title(), title_of(&page), "{path}");
    }
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    for path in ["", "?tab=history", "/accounts", "/missing", "/disconnect"] {
        let page = browser.get(&format!("/connections/{id}{path}")).await;
        assert_eq!(page.title(), title_of(&page), "{path}");
    }
    for path in ["/", "/login", "/register"] {
        let page = world.browser().get(path).await;
        assert_eq!(page.title(), title_of(&page), "{path}");
    }
}

#[tokio::test]
async fn every_public_page_has_a_description_of_its_own() {
    let world = World::new().await;
    let visitor = world.browser();
    let mut seen = std::collections::HashSet::new();
    for path in [
        "/",
        "/login",
        "/register",
        "/help",
        "/help/errors/cancelled",
        "/help/errors/meta_unavailable",
        "/data-deletion/unknown",
        "/nowhere",
    ] {
        let description = description_of(&visitor.get(path).await);
        assert!((40..=400).contains(&description.chars().count()), "{path}: {description}");
        assert!(seen.insert(description), "{path} repeats another page's");
    }
}

#[tokio::test]
async fn one_of_a_thing_is_spoken_of_in_the_singular() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let accounts = browser.ad_accounts(&id, "").await;
    let only = accounts[0]["account_id"].as_str().unwrap();
    browser.submit(&format!("/connections/{id}/assets"), &[("account_id", only)]).await;
    world.meta.set_ad_account_status(only, 2, 1);
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_for(crate::world::days(1)).await;
    let page = browser.get("/dashboard").await;
    assert!(page.has("1 selected account has stopped") && page.has("Show it"), "{}", page.text);
    assert!(!page.has("The others keep working"), "no other account is selected");
    let missing = browser.get(&format!("/connections/{id}/missing")).await;
    assert!(missing.has("1 account is listed but cannot be used"), "{}", missing.text);
    assert!(missing.has("Meta disabled or closed it") && missing.has(">Show it<"), "{}", missing.text);
    let picker = browser.get(&format!("/connections/{id}/accounts?q={only}")).await;
    assert!(picker.has(&format!("1 account matches “{only}”")), "{}", picker.text);
}
