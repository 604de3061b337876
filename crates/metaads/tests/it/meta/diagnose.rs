//! "Why is my ad account missing?": each reason alone, with the one thing that helps.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::browser::{Browser, Response};
use crate::effects::api_error;
use crate::world::{World, hours};

async fn connected(world: &World, answer: Answer) -> (Browser, String) {
    let browser = world.user("a@b.example").await;
    browser.connect(answer).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    (browser, id)
}

async fn page(browser: &Browser, id: &str) -> Response {
    let response = browser.get(&format!("/connections/{id}/missing")).await;
    assert_eq!(response.status, 200, "{}", response.text);
    response
}

async fn look_up(browser: &Browser, id: &str, account: &str) -> Response {
    browser.submit(&format!("/connections/{id}/missing"), &[("account", account)]).await
}

async fn account_ids(browser: &Browser, id: &str) -> Vec<String> {
    let accounts = browser.ad_accounts(id, "").await;
    accounts.iter().map(|account| account["account_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn nothing_is_diagnosed_when_nothing_is_missing() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::SecondSoleTrader)).await;
    let response = browser.get(&format!("/connections/{id}")).await;
    assert!(response.has(&format!("/connections/{id}/missing")), "the connection links to it");
    let response = page(&browser, &id).await;
    assert!(response.has("This connection reaches 1 ad account"), "{}", response.text);
    assert!(!response.has("was not granted") && !response.has("has no ad account"), "{}", response.text);
}

#[tokio::test]
async fn a_declined_permission_is_named_and_can_be_requested_again() {
    let world = World::new().await;
    let declined = Answer::declining(Persona::SoleTrader, &["ads_read", "ads_management", "instagram_basic"]);
    let (browser, id) = connected(&world, declined).await;
    let response = page(&browser, &id).await;
    assert!(response.has("See ad accounts and results” was not granted"), "{}", response.text);
    assert!(
        response.has("Without it, no ad account can be listed") && response.has("Ask Tom again"),
        "{}",
        response.text
    );
    assert!(response.has("name=\"ask_again\" value=\"1\""));
    assert!(!response.has("Tom has no ad account"), "this cannot be known");
    assert!(!response.has("No Instagram account is linked"), "this neither");
    let found = look_up(&browser, &id, "act_123456789").await;
    assert!(found.has("a permission is missing"), "{}", found.text);
}

#[tokio::test]
async fn an_expired_permission_is_told_apart_from_a_declined_one() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::SoleTrader)).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    world.meta.set_permission(&user, "business_management", metaads_sandbox::PermissionStatus::Expired);
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page(&browser, &id).await.has("List your businesses” expired"));
}

#[tokio::test]
async fn a_person_without_ad_accounts_is_diagnosed() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Nobody)).await;
    let response = page(&browser, &id).await;
    assert!(
        response.has("Nora has no ad account") && response.has("Create one on Meta"),
        "{}",
        response.text
    );
}

#[tokio::test]
async fn unusable_accounts_are_counted_and_listed() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Trouble)).await;
    let response = page(&browser, &id).await;
    assert!(response.has("2 accounts are listed but cannot be used"), "{}", response.text);
    let shown = browser.get(&format!("/connections/{id}/accounts?show=unusable")).await;
    assert_eq!(shown.text.matches("class=\"account-row").count(), 2);
}

#[tokio::test]
async fn an_unselected_account_is_diagnosed_and_found_once_it_is_granted() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Trouble)).await;
    let all = account_ids(&browser, &id).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    world.meta.set_targets(&user, Some(&[all[0].as_str()]));
    world.sql("DELETE FROM meta_ad_accounts").await;
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let response = page(&browser, &id).await;
    assert!(
        response.has("Only 1 ad account is selected on Facebook") && response.has("Select more on Facebook"),
        "{}",
        response.text
    );
    let hidden = look_up(&browser, &id, &all[1]).await;
    assert!(hidden.has("Meta does not show it") && hidden.has("Select it on Facebook"), "{}", hidden.text);
    world.meta.set_targets(&user, None);
    let found = look_up(&browser, &id, &format!("act_{}", all[1])).await;
    assert!(found.has("Meta’s lists had left it out"), "{}", found.text);
    assert!(account_ids(&browser, &id).await.contains(&all[1]), "it can be selected now");
    let again = look_up(&browser, &id, &all[1]).await;
    assert!(again.has("it is in the list"), "{}", again.text);
}

#[tokio::test]
async fn looking_up_one_account_explains_every_answer() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::SoleTrader)).await;
    for (answer, words) in [
        (api_error(200, None), "the role is too low"),
        (api_error(10, None), "the role is too low"),
        (api_error(100, Some(33)), "Meta does not show it"),
        (api_error(17, Some(2_446_079)), "Meta isn’t answering"),
    ] {
        world.fault(Endpoint::AdAccount, answer);
        let response = look_up(&browser, &id, "4123456789").await;
        assert!(response.has(words), "{words}: {}", response.text);
        world.advance(hours(2));
    }
    world.fault(Endpoint::Batch, Effect::Refuse);
    assert!(look_up(&browser, &id, "4123456789").await.has("Meta isn’t answering"));
    for wrong in ["abc", "<script>", &"9".repeat(300)] {
        let response = look_up(&browser, &id, wrong).await;
        assert!(response.has("is not an ad account number"), "{}", response.text);
        assert!(!response.has("<script>\""), "{}", response.text);
    }
    let other = world.user("other@b.example").await;
    assert_eq!(other.get(&format!("/connections/{id}/missing")).await.status, 404);
    assert_eq!(other.post(&format!("/connections/{id}/missing"), &[("account", "1")]).await.status, 404);
}

#[tokio::test]
async fn a_refused_list_keeps_the_accounts_synced_before() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Trouble)).await;
    let before = account_ids(&browser, &id).await.len();
    for endpoint in [Endpoint::OwnedAdAccounts, Endpoint::AdAccounts] {
        world.fault(endpoint, api_error(424_242, None));
    }
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let response = page(&browser, &id).await;
    assert!(response.has("Meta did not show the ad accounts of"), "{}", response.text);
    let usable = browser.ad_accounts(&id, "").await;
    assert_eq!(usable.iter().filter(|one| one["status"] == "unreachable").count(), 0);
    assert_eq!(usable.len(), before);
}

#[tokio::test]
async fn a_missing_business_role_is_diagnosed_with_whom_to_ask() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::RoleTooLow)).await;
    let response = page(&browser, &id).await;
    assert!(response.has("Rita has no role on the ad accounts of"), "{}", response.text);
    assert!(
        response.has("An admin of the business gives Rita a role") && response.has("Open Business settings"),
        "{}",
        response.text
    );
    assert!(!response.has("Rita has no ad account"), "the business has some");
}

#[tokio::test]
async fn client_accounts_reached_only_through_a_business_are_not_missing() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::ClientsOnly)).await;
    let accounts = browser.ad_accounts(&id, "").await;
    assert_eq!(accounts.len(), 5);
    assert!(accounts.iter().all(|account| account["relation"] == "client"), "{accounts:?}");
}

#[tokio::test]
async fn each_page_shows_its_kind_of_instagram_account() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::PortfolioPages)).await;
    let response = page(&browser, &id).await;
    assert!(
        response.has("is a personal one") && response.has("Switch it in the Instagram app"),
        "{}",
        response.text
    );
    assert!(response.has("No Instagram account is linked to"), "{}", response.text);
    let connection = browser.connections().await.remove(0);
    let pages = browser.get(&format!("/connections/{id}?tab=pages")).await;
    assert_eq!(pages.text.matches("<th scope=\"row\"").count(), 3, "{}", pages.text);
    let instagram = browser.get(&format!("/connections/{id}?tab=instagram")).await;
    assert_eq!(instagram.text.matches("<th scope=\"row\"").count(), 1, "only the professional account");
    assert_eq!(connection["status"], "active");
}

#[tokio::test]
async fn pages_hidden_from_the_list_are_found_through_granular_scopes() {
    let world = World::new().await;
    let answer = Answer::declining(Persona::PortfolioPages, &["business_management"]);
    let (browser, id) = connected(&world, answer).await;
    let lists = world.meta.calls().into_iter().filter(|call| call.path.ends_with("/accounts")).count();
    assert!(lists > 0, "the list was read, and it hid the Pages");
    let pages = browser.get(&format!("/connections/{id}?tab=pages")).await;
    assert_eq!(pages.text.matches("<th scope=\"row\"").count(), 3, "{}", pages.text);
    let response = page(&browser, &id).await;
    assert!(response.has("List your businesses” was not granted"), "{}", response.text);
    assert!(response.has("Pages that belong to a business may be missing"), "{}", response.text);
}

#[tokio::test]
async fn granting_only_one_account_in_the_dialog_is_diagnosed() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Trouble)).await;
    let one = account_ids(&browser, &id).await.remove(0);
    browser.connect_with(Answer::selecting(Persona::Trouble, &[one.as_str()]), &[("connection", &id)]).await;
    world.run_due_jobs().await;
    let response = page(&browser, &id).await;
    assert!(response.has("Only 1 ad account is selected on Facebook"), "{}", response.text);
    let usable = browser.ad_accounts(&id, "").await;
    assert_eq!(usable.iter().filter(|account| account["status"] != "unreachable").count(), 1);
}
