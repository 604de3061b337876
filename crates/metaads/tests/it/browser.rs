//! A browser without a page: cookies, forms, redirects, and the answers to Meta's dialog.

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

/// An HTTP response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// The `Location` header, empty where there is none.
    pub location: String,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Response {
    /// The page's heading (`h1`).
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

    /// A browser at a replica of the world's service.
    pub fn at(world: &World, base: &str) -> Browser {
        Browser { base: base.to_owned(), ..Browser::new(world) }
    }

    /// A browser that has signed in at a replica.
    pub async fn signed_in(world: &World, base: &str, email: &str) -> Browser {
        let browser = Browser::at(world, base);
        assert_eq!(browser.login(email, PASSWORD).await.status, 303);
        browser
    }

    /// A GET that may fail because the service is gone.
    pub async fn try_get(&self, path: &str) -> Result<reqwest::Response, reqwest::Error> {
        self.http.get(self.address(path)).send().await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.http.get(self.address(path)).header("sec-fetch-site", "same-origin")).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.http.post(self.address(path)).header("sec-fetch-site", "same-origin");
        self.send(request.form(fields)).await
    }

    /// A POST with these headers and none of a browser's.
    pub async fn post_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.post(self.address(path)).form(fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.get(self.address(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// Posts a form and follows its redirect.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let response = self.post(path, fields).await;
        assert_eq!(response.status, 303, "{} {}", path, response.text);
        self.get(&response.location).await
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let location = headers.get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
        Response {
            status,
            headers,
            location: location.unwrap_or_default(),
            text: answer.text().await.unwrap(),
        }
    }

    pub async fn register(&self, email: &str) -> Response {
        let response = self.post("/register", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!((response.status, response.location.as_str()), (303, "/dashboard"), "{}", response.text);
        response
    }

    pub async fn login(&self, email: &str, password: &str) -> Response {
        self.post("/login", &[("email", email), ("password", password)]).await
    }

    /// Starts to connect. Returns the dialog's URL.
    pub async fn start_connect(&self, fields: &[(&str, &str)]) -> String {
        let response = self.post("/connect/meta", fields).await;
        assert_eq!(response.status, 303, "{}", response.text);
        response.location
    }

    /// Answers the dialog. Returns the callback URL that Meta redirects to.
    pub async fn answer_dialog(&self, dialog: &str, answer: Answer) -> String {
        let target = self.meta.authorize(dialog, answer).await;
        assert!(target.starts_with(&self.base), "{target}");
        // The fragment that Meta appends never reaches a server.
        target.split('#').next().unwrap().to_owned()
    }

    /// Connects: starts, answers the dialog, follows the callback. Returns the page at the end.
    pub async fn connect(&self, answer: Answer) -> Response {
        self.connect_with(answer, &[]).await
    }

    pub async fn connect_with(&self, answer: Answer, fields: &[(&str, &str)]) -> Response {
        let dialog = self.start_connect(fields).await;
        let callback = self.answer_dialog(&dialog, answer).await;
        self.follow_callback(&callback).await
    }

    /// Requests the callback and follows its redirect to the result.
    pub async fn follow_callback(&self, callback: &str) -> Response {
        let response = self.get(callback).await;
        assert_eq!(response.status, 303, "{}", response.text);
        self.get(&response.location).await
    }

    /// The user's connections as the API returns them.
    pub async fn connections(&self) -> Vec<Value> {
        let response = self.get("/api/v1/connections").await;
        assert_eq!(response.status, 200, "{}", response.text);
        response.json()["data"].as_array().unwrap().clone()
    }

    /// The id of the user's only connection.
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
            let response =
                self.get(&format!("/api/v1/connections/{id}/ad-accounts?limit=500&{query}{cursor}")).await;
            assert_eq!(response.status, 200, "{}", response.text);
            let page = response.json();
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}
