//! "Why is my ad account missing?": each reason by itself, with the one thing that helps.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::browser::{Browser, ObservedStatus};
use crate::keeping::renewal::refused;
use crate::world::World;

async fn connected(world: &World, answer: Answer) -> (Browser, String) {
    let browser = world.user("a@b.example").await;
    browser.connect(answer).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    (browser, id)
}

async fn page(browser: &Browser, id: &str) -> ObservedStatus {
    let seen = browser.get(&format!("/connections/{id}/missing")).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    seen
}

async fn look_for(browser: &Browser, id: &str, account: &str) -> ObservedStatus {
    browser.press(&format!("/connections/{id}/missing"), &[("account", account)]).await
}

async fn numbers(browser: &Browser, id: &str) -> Vec<String> {
    let accounts = browser.ad_accounts(id, "").await;
    accounts.iter().map(|account| account["account_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn where_everything_is_there_nothing_is_made_up() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::SecondSoleTrader)).await;
    let seen = browser.get(&format!("/connections/{id}")).await;
    assert!(seen.has(&format!("/connections/{id}/missing")), "the page leads there");
    let seen = page(&browser, &id).await;
    assert!(seen.has("This connection reaches 1 ad account"), "{}", seen.text);
    assert!(!seen.has("was not given") && !seen.has("has no ad account"), "{}", seen.text);
}

#[tokio::test]
async fn a_declined_permission_is_named_and_can_be_asked_for_again() {
    let world = World::new().await;
    let declined = Answer::declining(Persona::SoleTrader, &["ads_read", "ads_management", "instagram_basic"]);
    let (browser, id) = connected(&world, declined).await;
    let seen = page(&browser, &id).await;
    assert!(seen.has("See ad accounts and results” was not given"), "{}", seen.text);
    assert!(
        seen.has("Without it, no ad account can be listed") && seen.has("Ask Tom again"),
        "{}",
        seen.text
    );
    assert!(seen.has("name=\"ask_again\" value=\"1\""));
    assert!(!seen.has("Tom has no ad account"), "nobody can know that");
    assert!(!seen.has("No Instagram account is linked"), "nor that");
    let found = look_for(&browser, &id, "act_123456789").await;
    assert!(found.has("a permission is missing"), "{}", found.text);
}

#[tokio::test]
async fn a_lapsed_permission_is_told_from_a_declined_one() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::SoleTrader)).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    world.meta.set_permission(&user, "business_management", metaads_sandbox::PermissionStatus::Expired);
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page(&browser, &id).await.has("List your businesses” lapsed"));
}

#[tokio::test]
async fn somebody_without_any_ad_account_is_told_so() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Nobody)).await;
    let seen = page(&browser, &id).await;
    assert!(seen.has("Nora has no ad account") && seen.has("Create one on Meta"), "{}", seen.text);
}

#[tokio::test]
async fn what_cannot_be_used_is_counted_and_shown() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Trouble)).await;
    let seen = page(&browser, &id).await;
    assert!(seen.has("2 accounts are there and cannot be used"), "{}", seen.text);
    let shown = browser.get(&format!("/connections/{id}/accounts?show=unusable")).await;
    assert_eq!(shown.text.matches("class=\"account-row").count(), 2);
}

#[tokio::test]
async fn what_was_not_ticked_is_told_and_found_once_it_is_ticked() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Trouble)).await;
    let all = numbers(&browser, &id).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    world.meta.set_targets(&user, Some(&[all[0].as_str()]));
    world.sql("DELETE FROM meta_ad_accounts").await;
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let seen = page(&browser, &id).await;
    assert!(
        seen.has("Only 1 ad account is ticked on Facebook") && seen.has("Tick more on Facebook"),
        "{}",
        seen.text
    );
    let hidden = look_for(&browser, &id, &all[1]).await;
    assert!(hidden.has("Meta does not show it") && hidden.has("Tick it on Facebook"), "{}", hidden.text);
    world.meta.set_targets(&user, None);
    let found = look_for(&browser, &id, &format!("act_{}", all[1])).await;
    assert!(found.has("Meta’s lists had left it out"), "{}", found.text);
    assert!(numbers(&browser, &id).await.contains(&all[1]), "and it can be chosen now");
    let again = look_for(&browser, &id, &all[1]).await;
    assert!(again.has("it is in the list"), "{}", again.text);
}

#[tokio::test]
async fn one_account_is_looked_for_and_every_answer_of_metas_is_told_kindly() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::SoleTrader)).await;
    for (answer, words) in [
        (refused(200, None), "the role is too low"),
        (refused(10, None), "the role is too low"),
        (refused(100, Some(33)), "Meta does not show it"),
        (refused(17, Some(2_446_079)), "Meta isn’t answering"),
    ] {
        world.fault(Endpoint::AdAccount, answer);
        let seen = look_for(&browser, &id, "4123456789").await;
        assert!(seen.has(words), "{words}: {}", seen.text);
        world.advance(std::time::Duration::from_secs(2 * 3600));
    }
    world.fault(Endpoint::Batch, Effect::Refuse);
    assert!(look_for(&browser, &id, "4123456789").await.has("Meta isn’t answering"));
    for wrong in ["abc", "<script>", &"9".repeat(300)] {
        let seen = look_for(&browser, &id, wrong).await;
        assert!(seen.has("is no ad account number"), "{}", seen.text);
        assert!(!seen.has("<script>\""), "{}", seen.text);
    }
    let other = world.user("other@b.example").await;
    assert_eq!(other.get(&format!("/connections/{id}/missing")).await.status, 404);
    assert_eq!(other.post(&format!("/connections/{id}/missing"), &[("account", "1")]).await.status, 404);
}

#[tokio::test]
async fn a_list_that_meta_would_not_show_keeps_what_was_read_before() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Trouble)).await;
    let before = numbers(&browser, &id).await.len();
    for endpoint in [Endpoint::OwnedAdAccounts, Endpoint::AdAccounts] {
        world.fault(endpoint, refused(424_242, None));
    }
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let seen = page(&browser, &id).await;
    assert!(seen.has("Meta did not show the ad accounts of"), "{}", seen.text);
    let usable = browser.ad_accounts(&id, "").await;
    assert_eq!(usable.iter().filter(|one| one["status"] == "unreachable").count(), 0);
    assert_eq!(usable.len(), before);
}

#[tokio::test]
async fn somebody_in_a_business_without_a_role_is_told_whom_to_ask() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::RoleTooLow)).await;
    let seen = page(&browser, &id).await;
    assert!(seen.has("Rita has no role on the ad accounts of"), "{}", seen.text);
    assert!(
        seen.has("An admin of the business gives Rita a role") && seen.has("Open Business settings"),
        "{}",
        seen.text
    );
    assert!(!seen.has("Rita has no ad account"), "there are some");
}

#[tokio::test]
async fn accounts_that_only_a_business_reaches_are_not_missing() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::ClientsOnly)).await;
    let accounts = browser.ad_accounts(&id, "").await;
    assert_eq!(accounts.len(), 5);
    assert!(accounts.iter().all(|account| account["relation"] == "client"), "{accounts:?}");
}

#[tokio::test]
async fn each_pages_instagram_account_is_told_apart() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::PortfolioPages)).await;
    let seen = page(&browser, &id).await;
    assert!(seen.has("is a personal one") && seen.has("Switch it in the Instagram app"), "{}", seen.text);
    assert!(seen.has("No Instagram account is linked to"), "{}", seen.text);
    let connection = browser.connections().await.remove(0);
    let pages = browser.get(&format!("/connections/{id}?tab=pages")).await;
    assert_eq!(pages.text.matches("<th scope=\"row\"").count(), 3, "{}", pages.text);
    let instagram = browser.get(&format!("/connections/{id}?tab=instagram")).await;
    assert_eq!(instagram.text.matches("<th scope=\"row\"").count(), 1, "only the professional one");
    assert_eq!(connection["status"], "active");
}

#[tokio::test]
async fn pages_that_the_list_hides_are_found_by_what_the_permissions_name() {
    let world = World::new().await;
    let answer = Answer::declining(Persona::PortfolioPages, &["business_management"]);
    let (browser, id) = connected(&world, answer).await;
    let lists = world.meta.calls().into_iter().filter(|call| call.path.ends_with("/accounts")).count();
    assert!(lists > 0, "the list was asked, and hid them");
    let pages = browser.get(&format!("/connections/{id}?tab=pages")).await;
    assert_eq!(pages.text.matches("<th scope=\"row\"").count(), 3, "{}", pages.text);
    let seen = page(&browser, &id).await;
    assert!(seen.has("List your businesses” was not given"), "{}", seen.text);
    assert!(seen.has("Pages that belong to a business may be missing"), "{}", seen.text);
}

#[tokio::test]
async fn somebody_who_ticked_one_account_in_the_dialog_is_told_so() {
    let world = World::new().await;
    let (browser, id) = connected(&world, Answer::agree(Persona::Trouble)).await;
    let one = numbers(&browser, &id).await.remove(0);
    browser.connect_with(Answer::selecting(Persona::Trouble, &[one.as_str()]), &[("connection", &id)]).await;
    world.run_due_jobs().await;
    let seen = page(&browser, &id).await;
    assert!(seen.has("Only 1 ad account is ticked on Facebook"), "{}", seen.text);
    let usable = browser.ad_accounts(&id, "").await;
    assert_eq!(usable.iter().filter(|account| account["status"] != "unreachable").count(), 1);
}
