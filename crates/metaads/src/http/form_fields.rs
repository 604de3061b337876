//! A posted form. Most are short; the two that are not have a type of their own.

use std::ops::Range;

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use std::fmt;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::app::App;
use crate::concurrency::ReservedBytes;
use crate::http::body;
use crate::http::problem::Problem;

/// The fields in order, with repeated ones. Fields that are not there read as empty. Some are passwords, so values are
/// wiped when dropped and never shown.
pub struct FormFields {
    /// All names and values, decoded, one after the other: one allocation, whatever the number of fields.
    text: Zeroizing<String>,
    /// For each field where its name and where its value ends in `text`.
    ends: Vec<(u32, u32)>,
    /// Of a long form, for as long as it is used.
    _reserved: Option<ReservedBytes>,
}

impl fmt::Debug for FormFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormFields").field("number", &self.ends.len()).finish_non_exhaustive()
    }
}

/// A form of thousands of short fields, such as the ids of a selection.
#[derive(Debug)]
pub struct ManyFields(pub FormFields);

/// A form with one long text, such as a pasted list.
#[derive(Debug)]
pub struct LongText(pub FormFields);

/// What a form may be.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Bytes as sent.
    bytes: usize,
    fields: usize,
    /// Bytes of a name or value, decoded.
    field_bytes: usize,
}

/// The longest holds a password, an address and where to go afterwards.
const SHORT: Limits = Limits { bytes: 8 * 1024, fields: 50, field_bytes: 8 * 1024 };
/// 10,000 ad accounts one by one.
const MANY_FIELDS: Limits = Limits { bytes: 512 * 1024, fields: 20_100, field_bytes: 64 };
/// 1,000 ids with everything that may be pasted around them.
const LONG_TEXT: Limits = Limits { bytes: 256 * 1024, fields: 10, field_bytes: 256 * 1024 };

impl FormFields {
    /// The first field of this name.
    pub fn one(&self, name: &str) -> &str {
        self.values(name).next().unwrap_or_default()
    }

    pub fn all(&self, name: &str) -> Vec<String> {
        self.values(name).map(str::to_owned).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    fn values<'a>(&'a self, wanted: &str) -> impl Iterator<Item = &'a str> {
        (0..self.ends.len()).filter_map(move |index| {
            let (name, value) = self.ranges(index);
            (&self.text[name] == wanted).then(|| &self.text[value])
        })
    }

    fn ranges(&self, index: usize) -> (Range<usize>, Range<usize>) {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before].1 as usize);
        let (name, value) = self.ends[index];
        (start..name as usize, name as usize..value as usize)
    }

    /// Parses a body. A form beyond its limits is refused at the first field that is too much.
    fn parse(body: &[u8], limits: Limits) -> Result<FormFields, Problem> {
        let too_large = || Problem::Rejected(StatusCode::PAYLOAD_TOO_LARGE);
        let text = Zeroizing::new(String::with_capacity(body.len()));
        let mut fields = FormFields { text, ends: Vec::new(), _reserved: None };
        for (name, value) in form_urlencoded::parse(body) {
            let is_short = name.len() <= limits.field_bytes && value.len() <= limits.field_bytes;
            if !is_short || fields.ends.len() == limits.fields {
                return Err(too_large());
            }
            fields.text.push_str(&name);
            let name_end = u32::try_from(fields.text.len()).map_err(|_| too_large())?;
            fields.text.push_str(&value);
            let value_end = u32::try_from(fields.text.len()).map_err(|_| too_large())?;
            fields.ends.push((name_end, value_end));
        }
        Ok(fields)
    }
}

/// Checks what a head says about its form.
fn check_head(request: &Request, limits: Limits) -> Result<(), Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Err(Problem::Invalid);
    }
    body::check_announced(request.headers(), limits.bytes)
}

/// Reads a long form; all of them together have a budget.
async fn read_long(request: Request, app: &App, limits: Limits) -> Result<FormFields, Problem> {
    check_head(&request, limits)?;
    let mut reserved = app.concurrency().long_forms.begin();
    let body = body::read(request.into_body(), limits.bytes, Some(&mut reserved)).await?;
    let fields = FormFields::parse(&body, limits)?;
    Ok(FormFields { _reserved: Some(reserved), ..fields })
}

impl FromRequest<App> for FormFields {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<FormFields, Problem> {
        check_head(&request, SHORT)?;
        FormFields::parse(&body::read(request.into_body(), SHORT.bytes, None).await?, SHORT)
    }
}

impl FromRequest<App> for ManyFields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<ManyFields, Problem> {
        Ok(ManyFields(read_long(request, app, MANY_FIELDS).await?))
    }
}

impl FromRequest<App> for LongText {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<LongText, Problem> {
        Ok(LongText(read_long(request, app, LONG_TEXT).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_in_order_and_missing_ones_are_empty() {
        let fields = FormFields::parse(b"a=1&b=%C3%A4+x&a=2&c&=d", SHORT).expect("a short form");
        assert_eq!((fields.one("a"), fields.one("b"), fields.one("c")), ("1", "ä x", ""));
        assert_eq!(fields.all("a"), ["1", "2"]);
        assert!(fields.has("c") && fields.has("") && !fields.has("d"));
        assert_eq!((fields.one("none"), fields.one("")), ("", "d"));
    }

    #[test]
    fn a_form_beyond_its_limits_is_refused_and_one_within_them_takes_little_memory() {
        let refused = |body: &str, limits| FormFields::parse(body.as_bytes(), limits).is_err();
        assert!(refused(&"a&".repeat(51), SHORT) && !refused(&"a&".repeat(50), SHORT));
        assert!(refused(&format!("a={}", "1".repeat(65)), MANY_FIELDS));
        assert!(refused(&format!("{}=1", "1".repeat(65)), MANY_FIELDS));
        let most = "a&".repeat(20_100);
        let fields = FormFields::parse(most.as_bytes(), MANY_FIELDS).expect("within the limits");
        let bytes = fields.text.capacity() + fields.ends.capacity() * 8;
        assert!(bytes < 512 * 1024, "{bytes}");
    }
}
