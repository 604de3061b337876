//! The product in a real Chromium: with and without scripts, on a desktop and on a phone.
//!
//! Screenshots are kept in `target/pictures`. Waiting here uses real time: the browser is another process.

mod answers;
mod connect_session;
mod interruptions;
mod layout;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use thirtyfour::prelude::*;

use crate::browser::PASSWORD;
use crate::world::World;

const TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The device, and whether scripts run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Desktop,
    DesktopWithoutScripts,
    Phone,
    PhoneWithoutScripts,
}

/// A browser and its driver process. Both end when it is dropped.
struct Chromium {
    driver: WebDriver,
    kind: Kind,
    _process: tokio::process::Child,
    _profile: TempDir,
}

impl Chromium {
    async fn start(kind: Kind) -> Chromium {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = tokio::process::Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is installed (./test does it)");
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        let profile = TempDir::new().unwrap();
        let capabilities = capabilities(kind, &profile);
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
        if matches!(kind, Kind::DesktopWithoutScripts | Kind::PhoneWithoutScripts) {
            let tools = driver.cdp();
            let off = serde_json::json!({"value": true});
            tools.send_raw("Emulation.setScriptExecutionDisabled", off).await.unwrap();
        }
        Chromium { driver, kind, _process: process, _profile: profile }
    }

    async fn find(&self, css: &str) -> WebElement {
        let found = self.driver.query(By::Css(css)).wait(TIMEOUT, POLL_INTERVAL).first().await;
        match found {
            Ok(element) => element,
            Err(_) => {
                panic!("no {css} on {}: {}", self.driver.current_url().await.unwrap(), self.text().await)
            }
        }
    }

    async fn click(&self, css: &str) {
        let element = self.find(css).await;
        if matches!(self.kind, Kind::Desktop | Kind::Phone) {
            // The action bar at the bottom must not cover it.
            element.scroll_into_view().await.unwrap();
        }
        // Emulated taps need scripts; the keyboard does not.
        let clicked = match self.kind {
            Kind::PhoneWithoutScripts if css.starts_with("#persona") => element.send_keys(" ").await,
            Kind::PhoneWithoutScripts => element.send_keys(Key::Enter).await,
            Kind::Desktop | Kind::DesktopWithoutScripts | Kind::Phone => element.click().await,
        };
        assert!(clicked.is_ok(), "{css} cannot be clicked: {clicked:?}");
    }

    async fn fill(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap();
    }

    async fn text(&self) -> String {
        self.driver.find(By::Css("body")).await.unwrap().text().await.unwrap()
    }

    /// Waits until the page's title is the given one.
    async fn title(&self, title: &str) {
        let until = tokio::time::Instant::now() + TIMEOUT;
        loop {
            let shown = match self.driver.find(By::Css("h1")).await {
                Ok(heading) => heading.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if shown == title {
                return;
            }
            let in_time = tokio::time::Instant::now() < until;
            assert!(in_time, "{title} did not appear, but: {}", self.text().await);
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn register(&self, world: &World, email: &str) {
        self.driver.goto(format!("{}/register", world.base)).await.unwrap();
        self.fill("#email", email).await;
        self.fill("#password", PASSWORD).await;
        self.click("main button[type=submit]").await;
        self.title("Connect your first Meta account").await;
    }

    async fn sign_in(&self, world: &World, email: &str) {
        self.driver.goto(format!("{}/login", world.base)).await.unwrap();
        self.fill("#email", email).await;
        self.fill("#password", PASSWORD).await;
        self.click("main button[type=submit]").await;
        self.find("nav[aria-label=Main]").await;
    }

    /// Waits until an element has this text, which may be for screen readers only.
    async fn wait_for_spoken(&self, css: &str, text: &str) {
        let until = tokio::time::Instant::now() + TIMEOUT;
        loop {
            let found = match self.driver.find(By::Css(css)).await {
                Ok(element) => element.prop("textContent").await.ok().flatten().unwrap_or_default(),
                Err(_) => String::new(),
            };
            if found == text {
                return;
            }
            assert!(tokio::time::Instant::now() < until, "{css} says {found:?}, not {text:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Switches to the popup that the page opened. Returns the page's own window.
    async fn enter_popup(&self) -> WindowHandle {
        let own = self.driver.window().await.unwrap();
        let until = tokio::time::Instant::now() + TIMEOUT;
        loop {
            let windows = self.driver.windows().await.unwrap();
            if let Some(popup) = windows.into_iter().find(|window| *window != own) {
                self.driver.switch_to_window(popup).await.unwrap();
                return own;
            }
            assert!(tokio::time::Instant::now() < until, "no popup opened");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Switches back to the page once the popup has closed itself.
    async fn back_to(&self, own: WindowHandle) {
        let until = tokio::time::Instant::now() + TIMEOUT;
        while self.driver.windows().await.unwrap().len() > 1 {
            assert!(tokio::time::Instant::now() < until, "the popup did not close");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.driver.switch_to_window(own).await.unwrap();
    }

    /// Saves a screenshot for people.
    async fn screenshot(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/pictures");
        std::fs::create_dir_all(&folder).unwrap();
        let name = format!("{name}-{:?}.png", self.kind).to_lowercase();
        self.driver.screenshot(&folder.join(name)).await.unwrap();
    }

    /// Waits until the sync is done. Without scripts a person has to reload the page.
    async fn wait_for_accounts(&self) {
        let until = tokio::time::Instant::now() + TIMEOUT;
        let title = "Aylin Kaya-Öztürk is connected";
        if matches!(self.kind, Kind::Desktop | Kind::Phone) {
            return self.title(title).await;
        }
        // A reload between finding and reading the heading makes reading fail.
        while self.find("h1").await.text().await.unwrap_or_default() != title {
            assert!(tokio::time::Instant::now() < until, "{}", self.text().await);
            self.driver.refresh().await.unwrap();
        }
    }
}

fn capabilities(kind: Kind, profile: &TempDir) -> thirtyfour::ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--window-size=1280,900",
    ] {
        capabilities.add_arg(argument).unwrap();
    }
    capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
    if matches!(kind, Kind::Phone | Kind::PhoneWithoutScripts) {
        let phone = serde_json::json!({
            "deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0, "touch": true, "mobile": true},
            "userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
        });
        capabilities.add_experimental_option("mobileEmulation", phone).unwrap();
    }
    capabilities
}

/// A world whose worker runs in the background, as in the service.
async fn world_with_worker() -> World {
    let mut world = World::new().await;
    world.start_worker();
    world
}

/// Selects three accounts, finds them after a reload, disconnects.
async fn select_three_and_disconnect(page: &Chromium) {
    page.click("a[href$='/accounts'].btn-primary").await;
    page.title("Select ad accounts").await;
    page.screenshot("picker").await;
    let boxes = page.driver.find_all(By::Css("input[name=account_id]")).await.unwrap();
    assert!(boxes.len() >= 20, "{} boxes", boxes.len());
    for checkbox in &boxes[..3] {
        // By keyboard: the action bar may cover the last row.
        checkbox.send_keys(" ").await.unwrap();
    }
    page.click("[data-use]").await;
    page.title("Aylin Kaya-Öztürk").await;
    page.driver.refresh().await.unwrap();
    let rows = page.driver.find_all(By::Css("section[aria-labelledby=h-selected] tbody tr")).await.unwrap();
    assert_eq!(rows.len(), 3);
    page.screenshot("connection").await;
    page.click(".page-acts summary").await;
    page.click(".page-acts a.danger").await;
    page.title("Disconnect Aylin Kaya-Öztürk?").await;
    page.screenshot("disconnect").await;
    page.click(".btn-danger").await;
    page.title("Aylin Kaya-Öztürk").await;
    assert!(page.text().await.contains("Our access is erased"), "{}", page.text().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desktop_the_dialog_opens_in_a_popup_that_reports_back_and_closes() {
    let world = world_with_worker().await;
    let page = Chromium::start(Kind::Desktop).await;
    page.register(&world, "a@b.example").await;
    page.screenshot("empty").await;
    page.click("form[data-connect] .btn-primary").await;
    page.title("Connecting to Meta").await;
    page.screenshot("waiting").await;
    let own = page.enter_popup().await;
    page.screenshot("dialog").await;
    page.click("#persona-agency").await;
    page.click("#continue").await;
    page.back_to(own).await;
    page.wait_for_accounts().await;
    page.find("h1:focus").await;
    page.screenshot("connected").await;
    select_three_and_disconnect(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_the_dialog_opens_in_the_same_tab() {
    let world = world_with_worker().await;
    let page = Chromium::start(Kind::Phone).await;
    page.register(&world, "a@b.example").await;
    page.screenshot("empty").await;
    page.click("form[data-connect] .btn-primary").await;
    page.click("#persona-agency").await;
    page.screenshot("dialog").await;
    page.click("#continue").await;
    page.wait_for_accounts().await;
    page.screenshot("connected").await;
    assert_eq!(page.driver.windows().await.unwrap().len(), 1);
    select_three_and_disconnect(&page).await;
    let width = page.driver.execute("return document.documentElement.scrollWidth", vec![]).await.unwrap();
    assert!(width.json().as_i64().unwrap() <= 390, "the page does not scroll sideways");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_without_scripts() {
    for kind in [Kind::DesktopWithoutScripts, Kind::PhoneWithoutScripts] {
        let world = world_with_worker().await;
        let page = Chromium::start(kind).await;
        page.register(&world, "a@b.example").await;
        page.click("form[data-connect] .btn-primary").await;
        page.click("#persona-agency").await;
        page.click("#continue").await;
        page.wait_for_accounts().await;
        page.screenshot("connected").await;
        select_three_and_disconnect(&page).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_popup_falls_back_to_the_same_tab() {
    let world = world_with_worker().await;
    let page = Chromium::start(Kind::Desktop).await;
    page.register(&world, "a@b.example").await;
    page.driver.execute("window.open = () => null", vec![]).await.unwrap();
    page.click("form[data-connect] .btn-primary").await;
    page.click("#persona-sole-trader").await;
    page.click("#continue").await;
    page.title("Tom Okafor is connected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_in_the_popup_or_on_the_page_closes_the_popup() {
    let world = world_with_worker().await;
    let page = Chromium::start(Kind::Desktop).await;
    page.register(&world, "a@b.example").await;
    page.click("form[data-connect] .btn-primary").await;
    page.title("Connecting to Meta").await;
    let own = page.enter_popup().await;
    page.click("#cancel").await;
    page.back_to(own).await;
    page.title("You chose not to connect").await;
    page.screenshot("cancelled").await;

    // Cancelling on the page closes the popup too.
    page.click("form[data-connect] button").await;
    page.title("Connecting to Meta").await;
    let own = page.enter_popup().await;
    page.find("#continue").await;
    page.driver.switch_to_window(own.clone()).await.unwrap();
    page.click("form[action$='/cancel'] button").await;
    page.title("You chose not to connect").await;
    page.back_to(own).await;
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_while_the_popup_is_open_still_finishes() {
    let world = world_with_worker().await;
    let page = Chromium::start(Kind::Desktop).await;
    page.register(&world, "a@b.example").await;
    page.click("form[data-connect] .btn-primary").await;
    page.title("Connecting to Meta").await;
    page.driver.refresh().await.unwrap();
    page.title("Connecting to Meta").await;
    let own = page.enter_popup().await;
    page.click("#persona-nobody").await;
    page.click("#continue").await;
    page.back_to(own).await;
    page.title("Facebook showed us no ad accounts").await;
    page.screenshot("nobody").await;
}
