//! A browser as far as HTTP goes: cookies, forms, and somebody who answers Meta's dialog.

use metaads_sandbox::{Answer, Control};
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::world::World;

pub const PASSWORD: &str = "three odd words here";

pub struct Browser {
    http: reqwest::Client,
    base: String,
    meta: Control,
}

/// What came back: status, where it leads, and the text.
#[derive(Debug)]
pub struct ObservedStatus {
    pub status: u16,
    pub location: String,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl ObservedStatus {
    /// The page's title, as a person reads it first.
    pub fn title(&self) -> String {
        between(&self.text, "<h1", "</h1>")
            .split_once('>')
            .map_or(String::new(), |(_, title)| title.to_owned())
    }

    pub fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(found, _)| found)
}

impl Browser {
    pub fn new(world: &World) -> Browser {
        let http = reqwest::Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
        Browser { http, base: world.base.clone(), meta: world.meta.clone() }
    }

    /// A browser at another replica of the world's service.
    pub fn at(world: &World, base: &str) -> Browser {
        Browser { base: base.to_owned(), ..Browser::new(world) }
    }

    /// One that has signed in there.
    pub async fn signed_in(world: &World, base: &str, email: &str) -> Browser {
        let browser = Browser::at(world, base);
        assert_eq!(browser.login(email, PASSWORD).await.status, 303);
        browser
    }

    /// A request that may find nobody.
    pub async fn try_get(&self, path: &str) -> Result<reqwest::Response, reqwest::Error> {
        self.http.get(self.address(path)).send().await
    }

    pub async fn get(&self, path: &str) -> ObservedStatus {
        self.send(self.http.get(self.address(path)).header("sec-fetch-site", "same-origin")).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> ObservedStatus {
        let request = self.http.post(self.address(path)).header("sec-fetch-site", "same-origin");
        self.send(request.form(fields)).await
    }

    /// A request with headers of its own.
    pub async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> ObservedStatus {
        let mut request = self.http.post(self.address(path)).form(fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> ObservedStatus {
        let mut request = self.http.get(self.address(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// Posts and follows where it leads.
    pub async fn press(&self, path: &str, fields: &[(&str, &str)]) -> ObservedStatus {
        let seen = self.post(path, fields).await;
        assert_eq!(seen.status, 303, "{} {}", path, seen.text);
        self.get(&seen.location).await
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> ObservedStatus {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let location = headers.get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
        ObservedStatus {
            status,
            headers,
            location: location.unwrap_or_default(),
            text: answer.text().await.unwrap(),
        }
    }

    pub async fn register(&self, email: &str) -> ObservedStatus {
        let seen = self.post("/register", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!((seen.status, seen.location.as_str()), (303, "/dashboard"), "{}", seen.text);
        seen
    }

    pub async fn login(&self, email: &str, password: &str) -> ObservedStatus {
        self.post("/login", &[("email", email), ("password", password)]).await
    }

    /// Presses the button; gives the dialog's address.
    pub async fn start(&self, fields: &[(&str, &str)]) -> String {
        let seen = self.post("/connect/meta", fields).await;
        assert_eq!(seen.status, 303, "{}", seen.text);
        seen.location
    }

    /// Answers the dialog; gives the address of our callback that Meta leads to.
    pub async fn answer(&self, dialog: &str, answer: Answer) -> String {
        let target = self.meta.authorize(dialog, answer).await;
        assert!(target.starts_with(&self.base), "{target}");
        // The fragment that Meta appends never reaches a server.
        target.split('#').next().unwrap().to_owned()
    }

    /// The whole trip; gives the page it ends on.
    pub async fn connect(&self, answer: Answer) -> ObservedStatus {
        self.connect_with(answer, &[]).await
    }

    pub async fn connect_with(&self, answer: Answer, fields: &[(&str, &str)]) -> ObservedStatus {
        let dialog = self.start(fields).await;
        let callback = self.answer(&dialog, answer).await;
        self.come_back(&callback).await
    }

    /// Opens the callback and follows it to the page with the result.
    pub async fn come_back(&self, callback: &str) -> ObservedStatus {
        let seen = self.get(callback).await;
        assert_eq!(seen.status, 303, "{}", seen.text);
        self.get(&seen.location).await
    }

    /// The user's connections as the API shows them.
    pub async fn connections(&self) -> Vec<Value> {
        let seen = self.get("/api/v1/connections").await;
        assert_eq!(seen.status, 200, "{}", seen.text);
        seen.json()["data"].as_array().unwrap().clone()
    }

    /// The id of the only connection.
    pub async fn connection_id(&self) -> String {
        let connections = self.connections().await;
        assert_eq!(connections.len(), 1);
        connections[0]["id"].as_str().unwrap().to_owned()
    }

    /// All ad accounts of a connection, page by page.
    pub async fn ad_accounts(&self, id: &str, query: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let seen =
                self.get(&format!("/api/v1/connections/{id}/ad-accounts?limit=500&{query}{cursor}")).await;
            assert_eq!(seen.status, 200, "{}", seen.text);
            let page = seen.json();
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}
