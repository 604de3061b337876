//! Lists: `limit`, `cursor`, and a page of rows with the cursor of the next one.

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::http::problem::Problem;

/// Rows of a page, unless the caller asks for another number; and the most rows.
const LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 500;
const LONGEST_CURSOR: usize = 1_000;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The most rows to return; a larger number than 500 counts as 500.
    #[param(value_type = Option<i64>, minimum = 1, default = 100, example = 100)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T: ToSchema> {
    pub data: Vec<T>,
    /// Null on the last page.
    pub next_cursor: Option<String>,
}

/// [`PageQuery`], checked.
#[derive(Debug)]
pub struct PageRequest {
    pub limit: i64,
    pub cursor: Option<String>,
}

impl FromRequestParts<App> for PageRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<PageRequest, Problem> {
        let query = Query::<PageQuery>::from_request_parts(parts, app).await;
        let Query(query) = query
            .map_err(|_| Problem::Rejected(StatusCode::BAD_REQUEST).because("The query cannot be read."))?;
        let limit = match query.limit.as_deref() {
            None => LIMIT,
            Some(text) => {
                let limit = text.parse::<i64>().ok().filter(|limit| *limit >= 1);
                limit.ok_or_else(|| invalid("limit is a number from 1 to 500."))?.min(MAX_LIMIT)
            }
        };
        let is_too_long = query.cursor.as_ref().is_some_and(|cursor| cursor.len() > LONGEST_CURSOR);
        if is_too_long || query.cursor.as_ref().is_some_and(|cursor| cursor.contains('\0')) {
            return Err(bad_cursor());
        }
        Ok(PageRequest { limit, cursor: query.cursor.filter(|cursor| !cursor.is_empty()) })
    }
}

impl PageRequest {
    /// The rows of one page out of at most one more than `limit`; `cursor` makes the cursor of a row.
    pub fn page<R, T: ToSchema>(
        &self,
        mut rows: Vec<R>,
        cursor: impl Fn(&R) -> String,
        body: impl FnMut(R) -> T,
    ) -> Json<List<T>> {
        let limit = usize::try_from(self.limit).unwrap_or_default();
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| has_more).map(cursor);
        Json(List { data: rows.into_iter().map(body).collect(), next_cursor })
    }

    /// The name and the id that [`name_cursor`] put into the cursor.
    pub fn after_name(&self) -> Result<Option<(String, String)>, Problem> {
        self.cursor.as_deref().map(read_name_cursor).transpose()
    }
}

/// Name and id of a row as hex: opaque, and safe in a URL.
pub fn name_cursor(name: &str, id: &str) -> String {
    hex::encode(format!("{id}\n{name}"))
}

fn read_name_cursor(text: &str) -> Result<(String, String), Problem> {
    let bytes = hex::decode(text).map_err(|_| bad_cursor())?;
    let text = String::from_utf8(bytes).map_err(|_| bad_cursor())?;
    let (id, name) = text.split_once('\n').ok_or_else(bad_cursor)?;
    if text.contains('\0') {
        return Err(bad_cursor());
    }
    Ok((name.to_owned(), id.to_owned()))
}

pub fn bad_cursor() -> Problem {
    invalid("cursor is the next_cursor of the page before.")
}

pub fn invalid(detail: &str) -> Problem {
    Problem::Invalid.because(detail)
}
