//! How the document describes errors: the shape of a problem, and the statuses that every operation can answer with.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Who can act.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum WhoName {
    Caller,
    Person,
    Meta,
    Operator,
    Nobody,
}

/// An error, as RFC 9457 describes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The help page of this problem.
    #[schema(format = Uri, example = "https://ads.example.com/help/errors/not_found")]
    r#type: String,
    title: String,
    #[schema(example = 404)]
    status: u16,
    detail: String,
    /// A stable word to match on.
    #[schema(example = "not_found")]
    code: String,
    /// Finds the line in the log.
    request_id: String,
    /// With 409 of a connection that only somebody else can make work again: who.
    #[schema(value_type = Option<WhoName>)]
    who: Option<String>,
    /// With the same 409: the page on which it is done.
    #[schema(format = Uri)]
    url: Option<String>,
}

/// The errors that every operation can answer with.
pub struct Refusals;

/// Status and meaning.
const REFUSALS: [(&str, &str); 9] = [
    ("400", "The request cannot be read."),
    ("401", "There is no valid API key or session."),
    ("403", "The key lacks the scope, or is limited to something else."),
    ("404", "There is no such thing, or the caller does not reach it."),
    ("409", "The connection is in another state; `code`, `who` and `url` say what to do."),
    ("415", "The body is not JSON."),
    ("422", "The request can be read, but a value is not allowed."),
    ("429", "Too many calls. `Retry-After` says when the next one is possible."),
    ("503", "The database or Meta does not answer. A later attempt can succeed."),
];

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = |(status, meaning): (&str, &str)| {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response =
                ResponseBuilder::new().description(meaning).content("application/problem+json", content);
            let response = match status {
                "429" | "503" => response.header("Retry-After", HeaderBuilder::new().build()),
                _ => response,
            };
            (status.to_owned(), RefOr::T(response.build()))
        };
        REFUSALS.into_iter().map(response).collect()
    }
}
