//! The body of a request: a form, JSON, or multipart with files.
//!
//! Files are read to their end, but not kept: only what the responses say about them.

use axum::body::Body;
use axum::http::HeaderMap;
use futures_util::StreamExt;
use md5::{Digest, Md5};
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::params::Params;

/// Of forms and JSON, and of all text fields of a multipart body together.
const TEXT_LIMIT: usize = 16 * 1024 * 1024;

/// Of a multipart body with its files.
const MULTIPART_LIMIT: u64 = 128 * 1024 * 1024;

/// Enough to recognize an image and its size.
const START_LENGTH: usize = 32;

#[derive(Clone, Default)]
pub(crate) struct Sent {
    pub(crate) params: Params,
    pub(crate) files: Vec<UploadedFile>,
}

#[derive(Debug, Clone)]
pub(crate) struct UploadedFile {
    /// The name of the form field.
    pub(crate) field: String,
    /// The name of the file; that of the field if there is none.
    pub(crate) name: String,
    pub(crate) size: u64,
    /// MD5 of the contents, in hex.
    pub(crate) md5: String,
    /// The first bytes.
    start: Vec<u8>,
}

#[derive(Debug)]
pub(crate) enum Unreadable {
    TooLarge,
    /// Not the announced format, or incomplete.
    Malformed,
}

impl From<multer::Error> for Unreadable {
    fn from(error: multer::Error) -> Unreadable {
        match error {
            multer::Error::StreamSizeExceeded { .. } => Unreadable::TooLarge,
            _ => Unreadable::Malformed,
        }
    }
}

impl Sent {
    pub(crate) async fn receive(headers: &HeaderMap, body: Body) -> Result<Sent, Unreadable> {
        let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
        if let Some(boundary) = content_type.and_then(|kind| multer::parse_boundary(kind).ok()) {
            return receive_multipart(body, boundary).await;
        }
        let body = axum::body::to_bytes(body, TEXT_LIMIT).await.map_err(|_| Unreadable::TooLarge)?;
        let is_json = content_type.is_some_and(|kind| kind.starts_with("application/json"));
        let params = if is_json { Params::from_json(&body) } else { Params::from_form(&body) };
        Ok(Sent { params, files: Vec::new() })
    }
}

async fn receive_multipart(body: Body, boundary: String) -> Result<Sent, Unreadable> {
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(MULTIPART_LIMIT));
    let mut multipart = Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    let mut sent = Sent::default();
    let mut room = TEXT_LIMIT;
    while let Some(field) = multipart.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            Some(file_name) => sent.files.push(UploadedFile::receive(name, file_name, field).await?),
            None => {
                let text = receive_text(field, &mut room).await?;
                sent.params.0.push((name, text));
            }
        }
    }
    Ok(sent)
}

async fn receive_text(mut field: Field<'_>, room: &mut usize) -> Result<String, Unreadable> {
    let mut text = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk?;
        *room = room.checked_sub(chunk.len()).ok_or(Unreadable::TooLarge)?;
        text.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

impl UploadedFile {
    async fn receive(field: String, name: String, mut body: Field<'_>) -> Result<UploadedFile, Unreadable> {
        let mut hash = Md5::new();
        let name = if name.is_empty() { field.clone() } else { name };
        let mut file = UploadedFile { field, name, size: 0, md5: String::new(), start: Vec::new() };
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            hash.update(&chunk);
            file.size += chunk.len() as u64;
            let missing = START_LENGTH - file.start.len();
            file.start.extend(chunk.iter().take(missing));
        }
        file.md5 = hex::encode(hash.finalize());
        Ok(file)
    }

    /// A file that was sent as text.
    pub(crate) fn from_bytes(name: &str, contents: &[u8]) -> UploadedFile {
        UploadedFile {
            field: name.to_owned(),
            name: name.to_owned(),
            size: contents.len() as u64,
            md5: hex::encode(Md5::digest(contents)),
            start: contents.iter().copied().take(START_LENGTH).collect(),
        }
    }

    /// Width and height, if this is an image. Read only from PNG; the other formats count as square.
    pub(crate) fn image_size(&self) -> Option<(u32, u32)> {
        if self.start.starts_with(b"\x89PNG\r\n\x1a\n") {
            let number = |at: usize| {
                let bytes = self.start.get(at..at + 4)?.try_into().ok()?;
                Some(u32::from_be_bytes(bytes))
            };
            return Some((number(16)?, number(20)?));
        }
        let signatures: [&[u8]; 3] = [b"\xff\xd8\xff", b"GIF8", b"RIFF"];
        signatures.iter().any(|signature| self.start.starts_with(signature)).then_some((1080, 1080))
    }
}
