//! Nothing shifts, scrolls sideways or breaks inside a word, from 320 px on. Takes pictures of the pages.

use std::path::PathBuf;

use metaads_sandbox::{Answer, Persona};
use serde_json::json;

use super::{Chromium, Kind};
use crate::world::World;

/// The sum of all layout shifts of a page that was just loaded; on request also while it is scrolled to its end and back.
const SHIFTS: &str = "
    const [isScrolled, done] = arguments;
    const step = (y) => new Promise((next) => { scrollTo(0, y); requestAnimationFrame(() => setTimeout(next, 20)); });
    let sum = 0;
    const add = (entries) => entries.forEach((entry) => (sum += entry.hadRecentInput ? 0 : entry.value));
    const observer = new PerformanceObserver((list) => add(list.getEntries()));
    observer.observe({ type: 'layout-shift', buffered: true });
    (async () => {
        const height = isScrolled ? document.documentElement.scrollHeight : 0;
        for (let y = 0; y < height; y += 300) await step(y);
        for (let y = height; y >= 0; y -= 700) await step(y);
        await step(0);
        add(observer.takeRecords());
        done(sum);
    })();";

/// What is wider than the window, and words of table headings that continue on another line.
const FLAWS: &str = "
    document.querySelectorAll('details:not(.menu)').forEach((details) => (details.open = true));
    const flaws = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) flaws.push(`scrolls sideways: ${scrollWidth} px`);
    for (const th of document.querySelectorAll('th')) {
        const texts = document.createTreeWalker(th, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/[^\\s-]+/g)) {
            const range = document.createRange();
            range.setStart(texts.currentNode, word.index);
            range.setEnd(texts.currentNode, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].map((line) => Math.round(line.top)));
            if (lines.size > 1) flaws.push(`breaks ${word[0]}`);
        }
    }
    return flaws;";

impl Chromium {
    async fn tool(&self, command: &str, parameters: serde_json::Value) {
        self.driver.cdp().send_raw(command, parameters).await.unwrap();
    }

    async fn width(&self, width: u32) {
        let metrics = json!({"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 768});
        self.tool("Emulation.setDeviceMetricsOverride", metrics).await;
        let shown = self.driver.execute("return innerWidth", vec![]).await.unwrap();
        assert_eq!(shown.json().as_u64(), Some(u64::from(width)));
    }

    async fn color_scheme(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.tool("Emulation.setEmulatedMedia", features).await;
    }

    async fn picture(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/pictures");
        std::fs::create_dir_all(&folder).unwrap();
        self.driver.screenshot(&folder.join(format!("page-{name}.png"))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_do_not_shift_scroll_sideways_or_break_inside_a_word() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let accounts = browser.ad_accounts(&id, "").await;
    let selectable = accounts.iter().filter(|account| account["is_selectable"] == true).step_by(97);
    let selected: Vec<&str> = selectable.map(|account| account["account_id"].as_str().unwrap()).collect();
    let fields: Vec<(&str, &str)> = selected.iter().map(|account| ("account_id", *account)).collect();
    browser.submit(&format!("/connections/{id}/assets"), &fields).await;
    world.meta.set_ad_account_status(selected[0], 2, 1);
    let webhook = webhook(&browser).await;
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_for(crate::world::days(1)).await;

    // Not as a phone, whose width the driver would restore with every page.
    let page = Chromium::start(Kind::Desktop).await;
    page.sign_in(&world, "a@b.example").await;
    page.width(390).await;
    shifts(&world, &page, &id).await;
    flaws(&world, &page, &id, &webhook).await;
    page.width(320).await;
    page.driver
        .goto(format!("{}/_control", world.app.graph().app().dialog_url.origin().ascii_serialization()))
        .await
        .unwrap();
    page.find("h1").await;
    assert_eq!(page.flaws().await, Vec::<String>::new(), "the sandbox's control page");
}

/// On a slow phone, where lists that are laid out late would shift.
async fn shifts(world: &World, page: &Chromium, id: &str) {
    page.tool("Emulation.setCPUThrottlingRate", json!({"rate": 4})).await;
    // Whether a list is laid out late depends on how the page happens to arrive, so each is loaded several times.
    for round in 0..6 {
        for query in ["", "?q=e", "?show=unusable", "?q=a"] {
            page.driver.goto(format!("{}/connections/{id}/accounts{query}", world.base)).await.unwrap();
            let sum = page.driver.execute_async(SHIFTS, vec![json!(round == 0)]).await.unwrap();
            let sum = sum.json().as_f64().unwrap();
            assert!(sum <= 0.01, "{query} shifts by {sum}");
        }
    }
    page.tool("Emulation.setCPUThrottlingRate", json!({"rate": 1})).await;
}

impl Chromium {
    async fn flaws(&self) -> Vec<String> {
        self.driver.execute(FLAWS, vec![]).await.unwrap().convert().unwrap()
    }
}

/// An endpoint of outgoing webhooks with a failed delivery: the addresses of both pages.
async fn webhook(browser: &crate::browser::Browser) -> [String; 2] {
    let url = format!("https://hooks.example.com/{}", "a-long-path-without-a-space/".repeat(6));
    let made = browser.post("/settings/webhooks", &[("url", &url), ("events", "connection.created")]).await;
    let id = made.text.split("/settings/webhooks/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let tested = browser.post(&format!("/settings/webhooks/{id}/test"), &[]).await;
    [format!("/settings/webhooks/{id}"), tested.location]
}

async fn flaws(world: &World, page: &Chromium, id: &str, webhook: &[String; 2]) {
    let pages = [
        ("dashboard", "/dashboard".to_owned()),
        ("connection", format!("/connections/{id}")),
        ("pages", format!("/connections/{id}?tab=pages")),
        ("instagram", format!("/connections/{id}?tab=instagram")),
        ("history", format!("/connections/{id}?tab=history")),
        ("picker", format!("/connections/{id}/accounts?show=selected")),
        ("missing", format!("/connections/{id}/missing")),
        ("disconnecting", format!("/connections/{id}/disconnect")),
        ("settings", "/settings".to_owned()),
        ("webhooks", "/settings/webhooks".to_owned()),
        ("webhook-new", "/settings/webhooks/new".to_owned()),
        ("webhook", webhook[0].clone()),
        ("webhook-delivery", webhook[1].clone()),
        ("admin", "/admin".to_owned()),
        ("help", "/help".to_owned()),
    ];
    for (width, scheme) in [(320, "light"), (390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")] {
        page.width(width).await;
        page.color_scheme(scheme).await;
        for (name, path) in &pages {
            page.driver.goto(format!("{}{path}", world.base)).await.unwrap();
            page.find("h1").await;
            page.picture(&format!("{name}-{width}-{scheme}")).await;
            assert_eq!(page.flaws().await, Vec::<String>::new(), "{name} at {width} px");
        }
    }
}
