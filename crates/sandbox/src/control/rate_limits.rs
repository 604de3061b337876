//! The section that exhausts and lifts rate limits.

use std::fmt::Write;

use super::minutes::{FIELD, ends_at, time};
use crate::http::html::escape;
use crate::http::params::Params;
use crate::state::rate_limits::{RateLimit, UseCase};
use crate::state::shared::SharedState;

pub(crate) fn exhaust(shared: &SharedState, form: &Params) -> Option<()> {
    let limit = RateLimit::from_key(form.get("limit")?, form.get("id").unwrap_or_default().trim())?;
    let ends_at = ends_at(shared, form)?;
    shared.rate_limits().exhaust(limit, ends_at);
    Some(())
}

pub(crate) fn html(shared: &SharedState, main: &mut String) {
    let _ = writeln!(
        main,
        "<h2>Rate limits</h2>\n<form method=\"post\" action=\"/_control/limits\" class=\"row\">\n\
         <label>Exhaust <select name=\"limit\">\n<option value=\"app\">the app’s (4)</option>\n\
         <option value=\"person\">a person’s (17)</option>\n\
         <option value=\"ad_account\">an ad account’s (17/2446079)</option>"
    );
    for use_case in UseCase::ALL {
        let name = use_case.as_str();
        let _ = writeln!(main, "<option value=\"{name}\">business use case {name}</option>");
    }
    let _ = writeln!(
        main,
        "</select></label>\n<label>of id <input name=\"id\" placeholder=\"none for the app\"></label>\n{FIELD}\
         <button class=\"first\">Exhaust</button>\n</form>"
    );
    let blocks = shared.rate_limits().exhausted(shared.clock.now_seconds());
    if blocks.is_empty() {
        main.push_str("<p>No rate limit is exhausted.</p>\n");
        return;
    }
    main.push_str("<ul>\n");
    for block in blocks {
        let left = time(i64::try_from(block.remaining.as_secs()).unwrap_or(i64::MAX));
        let what = escape(&describe(&block.limit));
        let _ = writeln!(
            main,
            "<li>{what}: blocked for {left} more; calls refused: {}</li>",
            block.refused_calls
        );
    }
    main.push_str(
        "</ul>\n<form method=\"post\" action=\"/_control/limits/lift\"><button>Lift all</button></form>\n",
    );
}

fn describe(limit: &RateLimit) -> String {
    match limit {
        RateLimit::App => "The app".to_owned(),
        RateLimit::Person(id) => format!("Person {id}"),
        RateLimit::AdAccount(id) => format!("Ad account {id}"),
        RateLimit::UseCase { id, use_case } => format!("{} of {id}", use_case.as_str()),
    }
}
