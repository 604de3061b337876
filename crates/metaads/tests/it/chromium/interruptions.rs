//! What changes by itself, or while somebody types, leaves the focus, open menus and the page where they are.

use metaads_sandbox::{Answer, Persona};
use thirtyfour::prelude::*;

use super::{Chromium, Kind};
use crate::world::World;

impl Chromium {
    /// Marks the loaded document, so that a reload shows.
    async fn mark(&self) {
        self.driver.execute("window.isMarked = true", vec![]).await.unwrap();
    }

    async fn is_marked(&self) -> bool {
        let mark = self.driver.execute("return window.isMarked === true", vec![]).await.unwrap();
        mark.json().as_bool().unwrap()
    }

    async fn focus(&self, css: &str) {
        self.find(css).await.focus().await.unwrap();
    }

    async fn tab(&self) {
        self.driver.action_chain().send_keys(Key::Tab + "").perform().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_sync_and_a_search_keep_focus_menus_and_page() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    let id = browser.connection_id().await;
    let page = Chromium::start(Kind::Desktop).await;
    page.sign_in(&world, "a@b.example").await;
    dashboard(&world, &page).await;
    connection(&world, &page, &id).await;
    search(&world, &page, &id).await;
}

/// The sync ends while somebody is in the menu of its card. The menu closes when the focus leaves it.
async fn dashboard(world: &World, page: &Chromium) {
    page.find(".pill-syncing").await;
    page.mark().await;
    page.click(".connection-acts summary").await;
    page.focus(".menu-panel form[action$='/sync'] button").await;
    world.run_due_jobs().await;
    page.find(".connection-card .pill-active").await;
    page.find(".connection-acts details[open] form[action$='/sync'] button:focus").await;
    page.find(".connection-acts a[href$='/accounts']").await;
    page.wait_for_spoken("#live[role=status]", "The sync of Aylin Kaya-Öztürk is done.").await;
    page.screenshot("menu").await;

    let mut presses = 0;
    while page.driver.find(By::Css("details.menu :focus")).await.is_ok() {
        page.tab().await;
        presses += 1;
        assert!(presses < 10, "the focus does not leave the menu");
    }
    assert!(
        page.driver.find(By::Css("details.menu[open]")).await.is_err(),
        "the menu covers what has the focus"
    );
    assert!(page.is_marked().await, "the dashboard was reloaded");
}

/// The sync ends while somebody is on the page of the connection.
async fn connection(world: &World, page: &Chromium, id: &str) {
    page.driver.goto(format!("{}/connections/{id}", world.base)).await.unwrap();
    page.click("section[aria-labelledby=h-access] form[action$='/sync'] button").await;
    page.find(".banner:focus").await;
    page.find("[data-reading]").await;
    page.mark().await;
    page.focus("section[aria-labelledby=h-access] form[action$='/sync'] button").await;
    world.run_due_jobs().await;
    page.find(".pill-active").await;
    page.find("section[aria-labelledby=h-access]:not([data-reading]) form[action$='/sync'] button:focus")
        .await;
    assert!(page.is_marked().await, "the page of the connection was reloaded");
}

/// The field keeps the focus while the results change, also when it is emptied, and their number is a live region.
async fn search(world: &World, page: &Chromium, id: &str) {
    page.driver.goto(format!("{}/connections/{id}/accounts", world.base)).await.unwrap();
    page.mark().await;
    page.wait_for_spoken(".matches[role=status]", "1,307 accounts").await;
    page.fill("#q", "alpine sport basel 2").await;
    page.wait_for_spoken(".matches", "1 account matches “alpine sport basel 2”").await;
    page.find("#q:focus").await;
    assert_eq!(page.driver.find_all(By::Css(".account-row")).await.unwrap().len(), 1);
    page.screenshot("search").await;

    let field = page.find("#q").await;
    field.send_keys(Key::Control + "a").await.unwrap();
    field.send_keys(Key::Backspace + "").await.unwrap();
    page.wait_for_spoken(".matches", "1,307 accounts").await;
    page.find("#q:focus").await;
    assert!(page.is_marked().await, "the picker was reloaded");
}
