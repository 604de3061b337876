//! A running sandbox and an HTTP client for it.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use metaads_sandbox::{Answer, Clock, Control, Options, Persona, Sandbox};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde_json::Value;
use sha2::Sha256;

pub const REDIRECT: &str = "http://localhost:9/connect/meta/callback";
pub const APP_ID: &str = "100200300400500";
pub const SECRET: &str = "pretend-meta-app-secret";
pub const SCOPES: &str =
    "ads_read,ads_management,business_management,pages_show_list,pages_read_engagement,instagram_basic";
pub const NOW: i64 = 1_795_348_800_000;

pub struct World {
    pub sandbox: Sandbox,
    pub control: Control,
    pub client: Client,
    pub base: String,
}

/// Status and JSON body.
pub type Answered = (StatusCode, Value);

pub async fn world() -> World {
    world_with(Options::default()).await
}

/// Starts at another time than `NOW`, in seconds since 1970.
pub async fn world_at(seconds: i64) -> World {
    start(Options::default(), seconds * 1000).await
}

pub async fn world_with(options: Options) -> World {
    start(options, NOW).await
}

async fn start(options: Options, now_ms: i64) -> World {
    let options =
        Options { clock: Clock::Manual(Arc::new(AtomicI64::new(now_ms))), seed: Some(7), ..options };
    let sandbox = Sandbox::start(options).await.expect("a running sandbox");
    let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a plain client");
    World { control: sandbox.control(), base: format!("{}/v26.0", sandbox.url()), sandbox, client }
}

pub fn proof(token: &str) -> String {
    proof_of(token)
}

pub fn proof_of(message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(message.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

pub fn query(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).expect("an absolute address");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub async fn send(request: RequestBuilder) -> Answered {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    (status, response.json().await.expect("JSON"))
}

/// Status, code and subcode of an error.
pub fn refusal((status, body): &Answered) -> (u16, i64, Option<i64>) {
    let error = &body["error"];
    (status.as_u16(), error["code"].as_i64().expect("a code"), error["error_subcode"].as_i64())
}

/// The token in a response.
pub fn token_of((_, body): &Answered) -> String {
    body["access_token"].as_str().expect("a token").to_owned()
}

pub fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

impl World {
    pub fn dialog_url(&self, more: &[(&str, &str)]) -> String {
        let mut url = url::Url::parse(&format!("{}/dialog/oauth", self.base)).expect("an address");
        let mut pairs =
            vec![("client_id", APP_ID), ("redirect_uri", REDIRECT), ("state", "s+/=1"), ("scope", SCOPES)];
        pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        url.query_pairs_mut().extend_pairs(pairs).extend_pairs(more);
        url.into()
    }

    pub async fn code(&self, answer: Answer) -> String {
        let target = self.control.authorize(&self.dialog_url(&[]), answer).await;
        query(&target, "code").expect("a code")
    }

    pub async fn redeem(&self, more: &[(&str, &str)]) -> Answered {
        let mut form = vec![("client_id", APP_ID), ("client_secret", SECRET), ("redirect_uri", REDIRECT)];
        form.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        form.extend(more);
        send(self.client.post(format!("{}/oauth/access_token", self.base)).form(&form)).await
    }

    pub async fn exchange(&self, token: &str) -> Answered {
        self.redeem(&[("grant_type", "fb_exchange_token"), ("fb_exchange_token", token)]).await
    }

    /// A complete login. Returns the short-lived token.
    pub async fn login(&self, answer: Answer) -> String {
        let code = self.code(answer).await;
        let (_, body) = self.redeem(&[("code", &code)]).await;
        body["access_token"].as_str().expect("a token").to_owned()
    }

    pub async fn login_as(&self, persona: Persona) -> String {
        self.login(Answer::agree(persona)).await
    }

    pub async fn get(&self, token: &str, path: &str, more: &[(&str, &str)]) -> Answered {
        send(self.request(token, path, more)).await
    }

    pub fn request(&self, token: &str, path: &str, more: &[(&str, &str)]) -> RequestBuilder {
        let proof = proof(token);
        self.client
            .get(format!("{}/{path}", self.base))
            .query(&[("access_token", token), ("appsecret_proof", &proof)])
            .query(more)
    }

    pub async fn delete(&self, token: &str, path: &str) -> Answered {
        let proof = proof(token);
        let request = self.client.delete(format!("{}/{path}", self.base));
        send(request.query(&[("access_token", token), ("appsecret_proof", &proof)])).await
    }

    pub async fn inspect(&self, token: &str) -> Value {
        let app_token = format!("{APP_ID}|{SECRET}");
        let (status, body) = self.get(&app_token, "debug_token", &[("input_token", token)]).await;
        assert_eq!(status, 200);
        body["data"].clone()
    }

    /// The id of the first ad account, with `act_`.
    pub async fn first_account(&self, token: &str) -> String {
        let (_, body) = self.get(token, "me/adaccounts", &[("limit", "1")]).await;
        body["data"][0]["id"].as_str().expect("an id").to_owned()
    }
}
