//! Paging: cursors, `next`, `previous`, `summary`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::context::Context;
use super::selection::{self, Field};
use crate::graph_api::error::GraphError;
use crate::http::params::Params;
use crate::world::tables::Node;

const DEFAULT_LIMIT: usize = 25;

const MAX_LIMIT: usize = 1_000;

/// The requested page of a list, and the fields to show.
#[derive(Debug, Default)]
pub(crate) struct PageRequest {
    limit: Option<usize>,
    after: Option<String>,
    before: Option<String>,
    has_summary: bool,
    selection: Option<Vec<Field>>,
    selection_text: String,
    /// All other parameters, such as filters; they are part of `next` and `previous`.
    others: Vec<(String, String)>,
}

/// Not part of `next` and `previous`.
const DROPPED: [&str; 5] = ["access_token", "appsecret_proof", "appsecret_time", "fields", "method"];

impl PageRequest {
    pub(crate) fn from_params(params: &Params) -> Result<PageRequest, GraphError> {
        let text = params.get("fields").unwrap_or_default();
        let mut page = PageRequest { selection_text: text.to_owned(), ..PageRequest::default() };
        if !text.is_empty() {
            page.selection = Some(selection::parse(text)?);
        }
        for (name, value) in &params.0 {
            page.modify(name, value)?;
        }
        Ok(page)
    }

    pub(crate) fn from_field(field: &Field) -> Result<PageRequest, GraphError> {
        let mut page = PageRequest {
            selection: field.inner.clone(),
            selection_text: field.inner_text.clone(),
            ..PageRequest::default()
        };
        for (name, value) in &field.modifiers {
            page.modify(name, value)?;
        }
        Ok(page)
    }

    /// The fields to show of each row.
    pub(crate) fn selection(&self) -> Option<&[Field]> {
        self.selection.as_deref()
    }

    /// A parameter that is not about paging.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.others.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn modify(&mut self, name: &str, value: &str) -> Result<(), GraphError> {
        match name {
            "limit" => {
                let limit = value.parse();
                self.limit =
                    Some(limit.map_err(|_| GraphError::oauth(100, "(#100) Param limit must be an integer"))?);
            }
            "after" => self.after = Some(value.to_owned()).filter(|value| !value.is_empty()),
            "before" => self.before = Some(value.to_owned()).filter(|value| !value.is_empty()),
            "summary" => {
                self.has_summary = matches!(value, "true" | "1" | "total_count" | "[\"total_count\"]");
            }
            dropped if DROPPED.contains(&dropped) => {}
            other => self.others.push((other.to_owned(), value.to_owned())),
        }
        Ok(())
    }
}

/// Renders the requested page of a list. `id` identifies a row in cursors.
pub(crate) fn list<Row: Copy>(
    context: &Context,
    parent: Node,
    edge: &str,
    rows: &[Row],
    page: &PageRequest,
    (id, render_row): (impl Fn(Row) -> String, impl Fn(Row) -> Result<Value, GraphError>),
) -> Result<Value, GraphError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
    if limit > MAX_LIMIT {
        let mut error = GraphError::oauth(
            1,
            "Please reduce the amount of data you're asking for, then retry your request",
        );
        error.status = 500;
        error.challenge = "unknown_error";
        return Err(error);
    }
    let (start, end) = slice(rows, &id, page, limit)?;
    let shown = &rows[start..end];
    let data: Result<Vec<Value>, GraphError> = shown.iter().map(|row| render_row(*row)).collect();
    let mut list = json!({ "data": data? });
    if let (Some(first), Some(last)) = (shown.first(), shown.last()) {
        let before = cursor(&id(*first));
        let after = cursor(&id(*last));
        list["paging"] = json!({"cursors": {"before": before, "after": after}});
        if end < rows.len() {
            list["paging"]["next"] = page_url(context, parent, edge, page, limit, ("after", &after)).into();
        }
        if start > 0 {
            list["paging"]["previous"] =
                page_url(context, parent, edge, page, limit, ("before", &before)).into();
        }
    }
    if page.has_summary {
        list["summary"] = json!({"total_count": rows.len()});
    }
    Ok(list)
}

fn slice<Row: Copy>(
    rows: &[Row],
    id: impl Fn(Row) -> String,
    page: &PageRequest,
    limit: usize,
) -> Result<(usize, usize), GraphError> {
    let place = |text: &str| {
        let wanted = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let wanted = wanted.and_then(|bytes| String::from_utf8(bytes).ok());
        let wanted = wanted.and_then(|text| text.strip_prefix("row:").map(str::to_owned));
        let found = wanted.and_then(|wanted| rows.iter().position(|row| id(*row) == wanted));
        found.ok_or_else(|| GraphError::oauth(100, "(#100) Invalid cursor values"))
    };
    if let Some(after) = &page.after {
        let start = place(after)? + 1;
        return Ok((start.min(rows.len()), (start + limit).min(rows.len())));
    }
    if let Some(before) = &page.before {
        let end = place(before)?;
        return Ok((end.saturating_sub(limit), end));
    }
    Ok((0, limit.min(rows.len())))
}

/// Opaque to the client. Contains the id of the row, so that it stays valid when rows are added or removed.
fn cursor(id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("row:{id}"))
}

/// Like Meta's: absolute, with the host from the request, and including the token.
fn page_url(
    context: &Context,
    parent: Node,
    edge: &str,
    page: &PageRequest,
    limit: usize,
    (direction, cursor): (&str, &str),
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("access_token", &context.auth.token);
    if !page.selection_text.is_empty() {
        query.append_pair("fields", &page.selection_text);
    }
    if page.has_summary {
        query.append_pair("summary", "total_count");
    }
    query.extend_pairs(&page.others);
    query.append_pair("limit", &limit.to_string()).append_pair(direction, cursor);
    let request = context.request;
    let id = context.shared.world.id(parent);
    format!("{}/{}/{id}/{edge}?{}", request.base, request.version, query.finish())
}
