//! Where the focus is after a form: at the first invalid field if it was refused, else at the banner; with and without
//! scripts.

use metaads_sandbox::{Answer, Persona};

use super::{Chromium, Kind};
use crate::browser::PASSWORD;
use crate::world::World;

impl Chromium {
    async fn goto(&self, world: &World, path: &str) {
        self.driver.goto(format!("{}{path}", world.base)).await.unwrap();
    }

    async fn send(&self, fields: &[(&str, &str)], form: &str) {
        for (css, text) in fields {
            self.fill(css, text).await;
        }
        self.click(&format!("{form} button[type=submit]")).await;
    }

    /// Waits until the form is shown again with the focus in this field.
    async fn refused_at(&self, field: &str) {
        self.find(&format!("{field}[aria-invalid=true]:focus")).await;
        let title = self.driver.title().await.unwrap();
        assert!(title.starts_with("Error: "), "{title}");
    }

    /// Waits until a page is shown with the focus on its banner.
    async fn accepted(&self) {
        self.find("main .banner[role=status]:focus").await;
        let title = self.driver.title().await.unwrap();
        assert!(!title.starts_with("Error"), "{title}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_focus_goes_to_the_first_invalid_field_or_to_the_banner() {
    let world = World::new().await;
    let mut page = Chromium::start(Kind::DesktopWithoutScripts).await;
    forms(&world, &page, "without@b.example").await;
    page.driver.delete_all_cookies().await.unwrap();
    let on = serde_json::json!({"value": false});
    page.driver.cdp().send_raw("Emulation.setScriptExecutionDisabled", on).await.unwrap();
    page.kind = Kind::Desktop;
    forms(&world, &page, "with@b.example").await;
}

async fn forms(world: &World, page: &Chromium, email: &str) {
    page.goto(world, "/register").await;
    page.send(&[("#email", email), ("#password", "short")], "main form").await;
    page.refused_at("#password").await;
    page.send(&[("#password", PASSWORD)], "main form").await;
    page.accepted().await;
    page.screenshot("registered").await;
    page.driver.delete_all_cookies().await.unwrap();

    page.goto(world, "/register").await;
    page.send(&[("#email", email), ("#password", PASSWORD)], "main form").await;
    page.refused_at("#email").await;
    page.goto(world, "/login").await;
    page.send(&[("#email", email), ("#password", "not the password")], "main form").await;
    page.refused_at("#password").await;
    page.screenshot("refused").await;
    page.send(&[("#password", PASSWORD)], "main form").await;
    page.accepted().await;
    // The banner is shown once.
    page.goto(world, "/dashboard").await;
    page.find("h1").await;
    assert!(!page.text().await.contains("You are signed in"));

    let password = "form[action='/settings/password']";
    let new_password = "four rather odd words";
    page.goto(world, "/settings").await;
    page.send(&[("#old", "not the password"), ("#new", new_password)], password).await;
    page.refused_at("#old").await;
    page.send(&[("#old", PASSWORD), ("#new", "short")], password).await;
    page.refused_at("#new").await;
    page.send(&[("#old", PASSWORD), ("#new", new_password)], password).await;
    page.accepted().await;
    page.screenshot("password").await;

    page.goto(world, "/connect/token").await;
    page.send(&[("#token", "not a token")], "main form").await;
    page.refused_at("#token").await;
    missing(world, page, email, new_password).await;
    page.goto(world, "/settings/delete").await;
    page.send(&[("#password", "not the password")], "main form").await;
    page.refused_at("#password").await;
    page.send(&[("#password", new_password)], "main form").await;
    page.accepted().await;
    assert!(page.text().await.contains("Your account is deleted"));
}

/// The page about a missing ad account, and disconnecting.
async fn missing(world: &World, page: &Chromium, email: &str, password: &str) {
    let browser = world.browser();
    browser.login(email, password).await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    page.goto(world, &format!("/connections/{id}/missing")).await;
    page.send(&[("#account", "no number")], "form[action$='/missing']").await;
    page.refused_at("#account").await;
    page.find("#account").await.clear().await.unwrap();
    page.send(&[("#account", "act_424242")], "form[action$='/missing']").await;
    page.accepted().await;
    page.screenshot("missing").await;
    page.goto(world, &format!("/connections/{id}/disconnect")).await;
    page.click(".btn-danger").await;
    page.accepted().await;
    world.run_due_jobs().await;
}
