//! Uploading images and videos, and large responses.

use base64::Engine;
use futures_util::{StreamExt, stream};
use metaads_sandbox::{Effect, Endpoint, Fault, Persona};
use reqwest::Body;
use serde_json::json;

use crate::ad_objects::{id, rows};
use crate::world::{Answered, World, proof, refusal, send, world};

/// The start of a PNG of 640 × 360 pixels.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\x68\x08\x06\0\0\0";

const BOUNDARY: &str = "----sandbox-boundary-7c1";

/// A part of a multipart body: field, file name, contents.
fn part(field: &str, file_name: Option<&str>, contents: &[u8]) -> Vec<u8> {
    let file_name = file_name.map_or_else(String::new, |name| format!("; filename=\"{name}\""));
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"{file_name}\r\n\r\n");
    [head.as_bytes(), contents, b"\r\n"].concat()
}

impl World {
    async fn post_parts(&self, token: &str, path: &str, body: impl Into<Body>) -> Answered {
        let query = [("access_token", token), ("appsecret_proof", &proof(token))];
        let request = self.client.post(format!("{}/{path}", self.base)).query(&query);
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        send(request.header("content-type", content_type).body(body)).await
    }
}

fn end() -> Vec<u8> {
    format!("--{BOUNDARY}--\r\n").into_bytes()
}

#[tokio::test]
async fn images_are_uploaded_and_listed() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let images = format!("{}/adimages", world.first_account(&token).await);
    let body = [part("name", None, b"ignored"), part("filename", Some("bike.png"), PNG), end()].concat();
    let (status, answer) = world.post_parts(&token, &images, body).await;
    assert_eq!(status, 200, "{answer}");
    let image = &answer["images"]["bike.png"];
    let hash = image["hash"].as_str().expect("a hash").to_owned();
    assert_eq!((hash.len(), image["width"].as_u64(), image["height"].as_u64()), (32, Some(640), Some(360)));

    let bytes = base64::engine::general_purpose::STANDARD.encode(PNG);
    let (_, answer) = world.post_json(&token, &images, &json!({"bytes": bytes})).await;
    assert_eq!(answer["images"]["bytes"]["hash"], hash, "the same contents");
    let other = base64::engine::general_purpose::STANDARD.encode(b"\xff\xd8\xff\xe0 a photo");
    world.post_form(&token, &images, &[("bytes", &other)]).await;

    let fields = [("fields", "name,hash,width,account_id"), ("limit", "1")];
    let (_, body) = world.get(&token, &images, &fields).await;
    assert_eq!(rows(&body)[0]["width"], 1080, "the newest is first");
    assert!(body["paging"]["next"].is_string());
    let (_, body) = world.get(&token, &images, &[("hashes", &json!([hash]).to_string())]).await;
    assert_eq!(rows(&body).len(), 1);
    assert_eq!(id(&rows(&body)[0]).split_once(':').map(|(_, hash)| hash), Some(hash.as_str()));

    let text = base64::engine::general_purpose::STANDARD.encode(b"text");
    assert_eq!(refusal(&world.post_form(&token, &images, &[("bytes", &text)]).await), (400, 100, None));
    assert_eq!(refusal(&world.post_form(&token, &images, &[]).await), (400, 100, None));
    assert_eq!(world.control.count(Endpoint::AdUploads), 5);
    assert!(!format!("{:?}", world.control.calls()).contains(&other), "the log keeps no contents");
    assert_eq!(world.delete(&token, &format!("{images}?hash={hash}")).await.1, json!({"success": true}));
    assert_eq!(rows(&world.get(&token, &images, &[]).await.1).len(), 1);
}

#[tokio::test]
async fn a_video_of_forty_megabytes_is_accepted() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let videos = format!("{}/advideos", world.first_account(&token).await);
    let mut source = part("source", Some("clip.mp4"), b"");
    source.truncate(source.len() - 2);
    let chunk = vec![7_u8; 1024 * 1024];
    let chunks = std::iter::once(part("title", None, "Frühling".as_bytes()))
        .chain([source])
        .chain(std::iter::repeat_n(chunk, 40))
        .chain([b"\r\n".to_vec(), end()]);
    let body = Body::wrap_stream(stream::iter(chunks.map(std::io::Result::Ok)));
    let (status, answer) = world.post_parts(&token, &videos, body).await;
    assert_eq!(status, 200, "{answer}");
    let fields = [("fields", "title,account_id,status")];
    assert_eq!(world.get(&token, id(&answer), &fields).await.1["title"], "Frühling");
    assert_eq!(rows(&world.get(&token, &videos, &[]).await.1).len(), 1);
    assert_eq!(refusal(&world.post_form(&token, &videos, &[]).await), (400, 100, None));
    let cut = part("source", Some("clip.mp4"), b"never ends");
    let query = [("access_token", token.as_str()), ("appsecret_proof", &proof(&token))];
    let request = world.client.post(format!("{}/{videos}", world.base)).query(&query).body(cut);
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let response = request.header("content-type", content_type).send().await.expect("an answer");
    assert_eq!(response.status(), 400, "the body is incomplete");
}

#[tokio::test]
async fn a_batch_item_uses_an_attached_file() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let images = format!("{}/adimages", world.first_account(&token).await);
    let items = json!([
        {"method": "POST", "relative_url": images, "attached_files": "source0"},
        {"method": "POST", "relative_url": images},
    ]);
    let batch = part("batch", None, items.to_string().as_bytes());
    let body = [batch, part("source0", Some("bike.png"), PNG), end()].concat();
    let (status, list) = world.post_parts(&token, "", body).await;
    assert_eq!(status, 200);
    assert_eq!((list[0]["code"].as_u64(), list[1]["code"].as_u64()), (Some(200), Some(400)));
    assert!(list[0]["body"].as_str().is_some_and(|body| body.contains("bike.png")));
}

#[tokio::test]
async fn a_large_response_is_sent_in_pieces() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let size = 10 * 1024 * 1024 + 1;
    world.control.inject_fault(Fault::new(Endpoint::AdObjects, 1, Effect::Filler(size)));
    let response = world.request(&token, &format!("{account}/ads"), &[]).send().await.expect("an answer");
    assert!(response.content_length().is_none(), "chunked");
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.expect("a piece"));
    }
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(rows(&body).len(), 25);
    assert_eq!(body["filler"].as_str().map(str::len), Some(size));
}
