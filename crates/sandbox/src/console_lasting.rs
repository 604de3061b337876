//! The control page's troubles that last until their time is over: used-up limits and outages.

use std::fmt::Write;

use crate::dialog_page::escape;
use crate::limits::{Limit, UseCase};
use crate::outage::{self, Outage};
use crate::params::Params;
use crate::shared::Shared;

/// A week; whoever wants more moves the clock.
const MOST_MINUTES: i64 = 7 * 24 * 60;

pub(crate) fn use_up(shared: &Shared, form: &Params) -> Option<()> {
    let limit = Limit::named(form.get("limit")?, form.get("id").unwrap_or_default().trim())?;
    let ends_at = ends_at(shared, form)?;
    shared.limits().use_up(limit, ends_at);
    Some(())
}

pub(crate) fn break_down(shared: &Shared, form: &Params) -> Option<()> {
    let outage = match form.get("outage")? {
        "unavailable" => Outage::Unavailable,
        "silent" => Outage::Silent,
        "over" => {
            shared.settings().outage = None;
            return Some(());
        }
        _ => return None,
    };
    let ends_at = ends_at(shared, form)?;
    shared.settings().outage = Some((outage, ends_at));
    Some(())
}

fn ends_at(shared: &Shared, form: &Params) -> Option<i64> {
    let minutes: i64 = form.get("minutes")?.trim().parse().ok()?;
    (1..=MOST_MINUTES).contains(&minutes).then(|| shared.clock.now_seconds() + minutes * 60)
}

pub(crate) fn html(shared: &Shared, main: &mut String) {
    outage_html(shared, main);
    limits_html(shared, main);
}

const MINUTES: &str = "<label>for <input type=\"number\" name=\"minutes\" value=\"5\" min=\"1\" max=\"10080\"> \
                       minutes</label>\n";

fn outage_html(shared: &Shared, main: &mut String) {
    main.push_str("<h2>An outage</h2>\n");
    if let Some((outage, left)) = outage::current(shared) {
        let how = match outage {
            Outage::Unavailable => "answers 503 to everything",
            Outage::Silent => "does not answer",
        };
        let _ = writeln!(
            main,
            "<form method=\"post\" action=\"/_control/outages\"><p class=\"note\">Meta is down and {how}, for {} \
             more.</p>\n<button name=\"outage\" value=\"over\">End it now</button></form>",
            time(left)
        );
        return;
    }
    let _ = writeln!(
        main,
        "<form method=\"post\" action=\"/_control/outages\" class=\"row\">\n{MINUTES}\
         <button name=\"outage\" value=\"unavailable\">Answer 503</button>\n\
         <button name=\"outage\" value=\"silent\">Do not answer</button>\n</form>"
    );
}

fn limits_html(shared: &Shared, main: &mut String) {
    let _ = writeln!(
        main,
        "<h2>Limits</h2>\n<form method=\"post\" action=\"/_control/limits\" class=\"row\">\n\
         <label>Use up <select name=\"limit\">\n<option value=\"app\">the app’s (4)</option>\n\
         <option value=\"person\">a person’s (17)</option>\n\
         <option value=\"ad_account\">an ad account’s (17/2446079)</option>"
    );
    for use_case in UseCase::ALL {
        let word = use_case.word();
        let _ = writeln!(main, "<option value=\"{word}\">business use case {word}</option>");
    }
    let _ = writeln!(
        main,
        "</select></label>\n<label>of id <input name=\"id\" placeholder=\"none for the app\"></label>\n{MINUTES}\
         <button class=\"first\">Use up</button>\n</form>"
    );
    let blocks = shared.limits().list(shared.clock.now_seconds());
    if blocks.is_empty() {
        main.push_str("<p>No limit is used up.</p>\n");
        return;
    }
    main.push_str("<ul>\n");
    for block in blocks {
        let left = time(i64::try_from(block.left.as_secs()).unwrap_or(i64::MAX));
        let what = escape(&words(&block.limit));
        let _ = writeln!(main, "<li>{what}: blocked for {left} more; calls refused: {}</li>", block.refused);
    }
    main.push_str(
        "</ul>\n<form method=\"post\" action=\"/_control/limits/lift\"><button>Lift all</button></form>\n",
    );
}

fn words(limit: &Limit) -> String {
    match limit {
        Limit::App => "The app".to_owned(),
        Limit::Person(id) => format!("Person {id}"),
        Limit::AdAccount(id) => format!("Ad account {id}"),
        Limit::UseCase { id, use_case } => format!("{} of {id}", use_case.word()),
    }
}

fn time(seconds: i64) -> String {
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}
