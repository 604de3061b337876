//! Bodies of the Graph proxy: forms, JSON and uploads as Meta takes them, and our errors in the form of Meta's.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use metaads_graph::{ForwardError, Pieces};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::form_urlencoded;

use crate::app::App;
use crate::connections::graph_proxy::forward::{Upload, UploadPieces, quoted};
use crate::http::problem::{Problem, support_id};
use crate::messages::errors::error_text;

/// Parameters of a body: 50 calls of a batch fit.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Pieces of an upload that wait to be sent.
const WAITING_PIECES: usize = 4;

/// A body, read as far as it has to be.
pub struct ParsedBody {
    pub params: Vec<(String, String)>,
    pub upload: Upload,
}

/// Reads the parameters of a body; files are left to be streamed.
pub async fn read(app: &App, parts: &Parts, body: Body) -> Result<ParsedBody, Problem> {
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::Rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    if let Ok(boundary) = multer::parse_boundary(kind) {
        return read_multipart(app, body, &boundary).await;
    }
    let bytes = axum::body::to_bytes(body, MOST_BYTES).await;
    let bytes = bytes.map_err(|_| Problem::Rejected(StatusCode::PAYLOAD_TOO_LARGE))?;
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let params = match essence.as_str() {
        _ if bytes.is_empty() => Vec::new(),
        "application/json" => json_params(&bytes)?,
        "application/x-www-form-urlencoded" | "" => form_urlencoded::parse(&bytes).into_owned().collect(),
        _ => return Err(Problem::Rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    };
    Ok(ParsedBody { params, upload: Upload::None })
}

/// The fields of a JSON object as Meta reads them: text as it is, everything else as JSON.
fn json_params(bytes: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(bytes) else {
        return Err(Problem::Invalid.because("The body is not a JSON object."));
    };
    let text = |value: Value| match value {
        Value::String(text) => text,
        value => value.to_string(),
    };
    Ok(fields
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name, text(value)))
        .collect())
}

/// Reads text fields up to the first file. That and what follows is sent on as it comes; after a file there may be
/// files only, because the decision about the call is made by then.
async fn read_multipart(app: &App, body: Body, boundary: &str) -> Result<ParsedBody, Problem> {
    let invalid = |_| Problem::Invalid.because("The multipart body cannot be read.");
    let mut multipart = multer::Multipart::new(body.into_data_stream(), boundary);
    let (mut params, mut size) = (Vec::new(), 0);
    loop {
        let Some(mut field) = multipart.next_field().await.map_err(invalid)? else {
            return Ok(ParsedBody { params, upload: Upload::None });
        };
        if field.file_name().is_some() {
            return Ok(ParsedBody { params, upload: stream_files(app, multipart, field) });
        }
        let name = field.name().unwrap_or_default().to_owned();
        let mut value = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(invalid)? {
            size += piece.len();
            if size > MOST_BYTES {
                return Err(Problem::Rejected(StatusCode::PAYLOAD_TOO_LARGE));
            }
            value.extend_from_slice(&piece);
        }
        let value =
            String::from_utf8(value).map_err(|_| Problem::Invalid.because("A text field is not UTF-8."))?;
        params.push((name, value));
    }
}

/// The files under a boundary of our own.
fn stream_files(app: &App, multipart: multer::Multipart<'static>, first: multer::Field<'static>) -> Upload {
    // A line that no file holds.
    let boundary = format!("metaads-{}", app.random.token());
    let (sender, receiver) = mpsc::channel::<Result<Bytes, ForwardError>>(WAITING_PIECES);
    let until = boundary.clone();
    crate::tasks::spawn(async move {
        if let Err(error) = write_files(&sender, &until, multipart, first).await {
            // The upload is cut off, so that Meta does not take half a file for a whole one.
            let _ = sender.send(Err(ForwardError(error))).await;
        }
    });
    let pieces: Pieces =
        Box::pin(stream::unfold(
            receiver,
            |mut receiver| async move { Some((receiver.recv().await?, receiver)) },
        ));
    Upload::Files { boundary, files: UploadPieces(pieces) }
}

async fn write_files(
    sender: &mpsc::Sender<Result<Bytes, ForwardError>>,
    boundary: &str,
    mut multipart: multer::Multipart<'static>,
    first: multer::Field<'static>,
) -> Result<(), String> {
    let gone = |_: mpsc::error::SendError<_>| "Meta stopped reading".to_owned();
    let unreadable = |_| "the upload cannot be read".to_owned();
    let mut next = Some(first);
    while let Some(mut field) = next {
        let Some(file_name) = field.file_name().map(quoted) else {
            return Err("fields after a file are not passed on: put them before it".to_owned());
        };
        let name = quoted(field.name().unwrap_or_default());
        let kind =
            field.content_type().map_or("application/octet-stream", |kind| kind.essence_str()).to_owned();
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\ncontent-type: {kind}\r\n\r\n"
        );
        sender.send(Ok(Bytes::from(head))).await.map_err(gone)?;
        while let Some(piece) = field.chunk().await.map_err(unreadable)? {
            sender.send(Ok(piece)).await.map_err(gone)?;
        }
        sender.send(Ok(Bytes::from_static(b"\r\n"))).await.map_err(gone)?;
        drop(field);
        next = multipart.next_field().await.map_err(unreadable)?;
    }
    sender.send(Ok(Bytes::from(format!("--{boundary}--\r\n")))).await.map_err(gone)
}

/// A problem in the form of Meta's errors. `metaads` has what our other surfaces say.
pub fn problem(app: &App, problem: &Problem) -> Response {
    let id = support_id(&app.new_row_id());
    problem.log(&id);
    let text = error_text(problem.code());
    let own = match problem {
        Problem::Because(_, detail) => detail.clone(),
        Problem::NeedsPerson(remedy) => {
            format!("{} {} {}", text.cause, text.remedy, remedy.url)
        }
        _ => format!("{} {}", text.cause, text.remedy),
    };
    let (code, kind) = match problem.status() {
        StatusCode::UNAUTHORIZED | StatusCode::CONFLICT => (190, "OAuthException"),
        StatusCode::FORBIDDEN => (200, "OAuthException"),
        StatusCode::TOO_MANY_REQUESTS => (4, "OAuthException"),
        status if status.is_server_error() => (2, "OAuthException"),
        _ => (100, "GraphMethodException"),
    };
    let mut metaads = json!({
        "code": text.code.in_api().as_str(),
        "help": format!("{}/help/errors/{}", app.config.base(), text.code.as_str()),
    });
    if let Problem::NeedsPerson(remedy) = problem {
        metaads["who"] = json!(remedy.code.responsible_party().as_str());
        metaads["url"] = json!(remedy.url);
    }
    let body = json!({
        "error": {
            "message": own,
            "type": kind,
            "code": code,
            "is_transient": problem.status().is_server_error(),
            "error_user_title": text.title,
            "error_user_msg": own,
            "fbtrace_id": id,
            "metaads": metaads,
        }
    });
    (problem.status(), axum::Json(body)).into_response()
}
