//! The product in a real Chromium: with and without scripts, at a desk and on a phone.
//!
//! Pictures of what it showed are left in `target/pictures`.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use thirtyfour::prelude::*;

use crate::browser::PASSWORD;
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What kind of browser it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Desk,
    DeskWithoutScripts,
    Phone,
    PhoneWithoutScripts,
}

/// A browser of its own, and the driver that speaks to it; both end with the test.
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
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let profile = TempDir::new().unwrap();
        let capabilities = capabilities(kind, &profile);
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
        if matches!(kind, Kind::DeskWithoutScripts | Kind::PhoneWithoutScripts) {
            let tools = driver.cdp();
            let off = serde_json::json!({"value": true});
            tools.send_raw("Emulation.setScriptExecutionDisabled", off).await.unwrap();
        }
        Chromium { driver, kind, _process: process, _profile: profile }
    }

    async fn find(&self, css: &str) -> WebElement {
        let found = self.driver.query(By::Css(css)).wait(PATIENCE, LOOK_EVERY).first().await;
        match found {
            Ok(element) => element,
            Err(_) => {
                panic!("no {css} on {}: {}", self.driver.current_url().await.unwrap(), self.text().await)
            }
        }
    }

    async fn click(&self, css: &str) {
        let element = self.find(css).await;
        if matches!(self.kind, Kind::Desk | Kind::Phone) {
            // The bar at the bottom of a phone's page must not lie over it.
            element.scroll_into_view().await.unwrap();
        }
        // A tap on an emulated phone needs the page's scripts; the keyboard does not.
        let clicked = match self.kind {
            Kind::PhoneWithoutScripts if css.starts_with("#persona") => element.send_keys(" ").await,
            Kind::PhoneWithoutScripts => element.send_keys(Key::Enter).await,
            Kind::Desk | Kind::DeskWithoutScripts | Kind::Phone => element.click().await,
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
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let shown = match self.driver.find(By::Css("h1")).await {
                Ok(heading) => heading.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if shown == title {
                return;
            }
            let late = tokio::time::Instant::now() > until;
            assert!(!late, "{title} never came, but: {}", self.text().await);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn register(&self, world: &World, email: &str) {
        self.driver.goto(format!("{}/register", world.base)).await.unwrap();
        self.fill("#email", email).await;
        self.fill("#password", PASSWORD).await;
        self.click("main button[type=submit]").await;
        self.title("Connect your first Meta account").await;
    }

    /// Goes on in the small window that the page has opened; gives the page's own window.
    async fn enter_popup(&self) -> WindowHandle {
        let own = self.driver.window().await.unwrap();
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let windows = self.driver.windows().await.unwrap();
            if let Some(popup) = windows.into_iter().find(|window| *window != own) {
                self.driver.switch_to_window(popup).await.unwrap();
                return own;
            }
            assert!(tokio::time::Instant::now() < until, "no window opened");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Back to the page once the small window has closed by itself.
    async fn back_to(&self, own: WindowHandle) {
        let until = tokio::time::Instant::now() + PATIENCE;
        while self.driver.windows().await.unwrap().len() > 1 {
            assert!(tokio::time::Instant::now() < until, "the small window stays");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.driver.switch_to_window(own).await.unwrap();
    }

    /// Leaves a picture for people who want to see what the test saw.
    async fn picture(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/pictures");
        std::fs::create_dir_all(&folder).unwrap();
        let name = format!("{name}-{:?}.png", self.kind).to_lowercase();
        self.driver.screenshot(&folder.join(name)).await.unwrap();
    }

    /// Waits until all accounts are read. Without scripts a person presses the link again.
    async fn wait_for_accounts(&self) {
        let until = tokio::time::Instant::now() + PATIENCE;
        let title = "Aylin Kaya-Öztürk is connected";
        if matches!(self.kind, Kind::Desk | Kind::Phone) {
            return self.title(title).await;
        }
        // A page that goes away between finding and reading is looked at again.
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

/// A world whose background work runs by itself, as it does in the service.
async fn living_world() -> World {
    let world = World::new().await;
    tokio::spawn(metaads::worker::run(world.app.clone(), std::future::pending()));
    world
}

/// Chooses three accounts, finds them after a reload, disconnects.
async fn choose_three_and_disconnect(page: &Chromium) {
    page.click("a[href$='/accounts'].btn-primary").await;
    page.title("Choose ad accounts").await;
    page.picture("picker").await;
    let boxes = page.driver.find_all(By::Css("input[name=account_id]")).await.unwrap();
    assert!(boxes.len() >= 20, "{} boxes", boxes.len());
    for tick in &boxes[..3] {
        // By keyboard: the action bar may lie over a row at the edge.
        tick.send_keys(" ").await.unwrap();
    }
    page.click("[data-use]").await;
    page.title("Aylin Kaya-Öztürk").await;
    page.driver.refresh().await.unwrap();
    let rows = page.driver.find_all(By::Css("section[aria-labelledby=h-chosen] tbody tr")).await.unwrap();
    assert_eq!(rows.len(), 3);
    page.picture("connection").await;
    page.click(".page-acts summary").await;
    page.click(".page-acts a.danger").await;
    page.title("Disconnect Aylin Kaya-Öztürk?").await;
    page.picture("disconnect").await;
    page.click(".btn-danger").await;
    page.title("Aylin Kaya-Öztürk").await;
    assert!(page.text().await.contains("Our access is erased"), "{}", page.text().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_desk_the_window_opens_reports_back_and_closes() {
    let world = living_world().await;
    let page = Chromium::start(Kind::Desk).await;
    page.register(&world, "a@b.example").await;
    page.picture("empty").await;
    page.click("form[data-connect] .btn-primary").await;
    page.title("Connecting to Meta").await;
    page.picture("waiting").await;
    let own = page.enter_popup().await;
    page.picture("dialog").await;
    page.click("#persona-agency").await;
    page.click("#continue").await;
    page.back_to(own).await;
    page.wait_for_accounts().await;
    page.picture("connected").await;
    choose_three_and_disconnect(&page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_the_same_button_goes_there_and_back_in_the_tab() {
    let world = living_world().await;
    let page = Chromium::start(Kind::Phone).await;
    page.register(&world, "a@b.example").await;
    page.picture("empty").await;
    page.click("form[data-connect] .btn-primary").await;
    page.click("#persona-agency").await;
    page.picture("dialog").await;
    page.click("#continue").await;
    page.wait_for_accounts().await;
    page.picture("connected").await;
    assert_eq!(page.driver.windows().await.unwrap().len(), 1);
    choose_three_and_disconnect(&page).await;
    let width = page.driver.execute("return document.documentElement.scrollWidth", vec![]).await.unwrap();
    assert!(width.json().as_i64().unwrap() <= 390, "nothing sticks out at the side");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_everything_works_all_the_same() {
    for kind in [Kind::DeskWithoutScripts, Kind::PhoneWithoutScripts] {
        let world = living_world().await;
        let page = Chromium::start(kind).await;
        page.register(&world, "a@b.example").await;
        page.click("form[data-connect] .btn-primary").await;
        page.click("#persona-agency").await;
        page.click("#continue").await;
        page.wait_for_accounts().await;
        page.picture("connected").await;
        choose_three_and_disconnect(&page).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_window_is_blocked_this_tab_goes_by_itself() {
    let world = living_world().await;
    let page = Chromium::start(Kind::Desk).await;
    page.register(&world, "a@b.example").await;
    page.driver.execute("window.open = () => null", vec![]).await.unwrap();
    page.click("form[data-connect] .btn-primary").await;
    page.click("#persona-sole-trader").await;
    page.click("#continue").await;
    page.title("Tom Okafor is connected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_in_the_window_or_on_the_page_strands_nobody() {
    let world = living_world().await;
    let page = Chromium::start(Kind::Desk).await;
    page.register(&world, "a@b.example").await;
    page.click("form[data-connect] .btn-primary").await;
    page.title("Connecting to Meta").await;
    let own = page.enter_popup().await;
    page.click("#cancel").await;
    page.back_to(own).await;
    page.title("You chose not to connect").await;
    page.picture("cancelled").await;

    // Once more, called off on the page while the window is open: the window goes too.
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
async fn a_reload_while_waiting_finds_the_way_back() {
    let world = living_world().await;
    let page = Chromium::start(Kind::Desk).await;
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
    page.picture("nobody").await;
}
