//! The section that starts and ends outages.

use std::fmt::Write;

use super::minutes::{FIELD, ends_at, time};
use crate::http::params::Params;
use crate::state::outage::Outage;
use crate::state::shared::SharedState;

pub(crate) fn start_or_end(shared: &SharedState, form: &Params) -> Option<()> {
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

pub(crate) fn html(shared: &SharedState, main: &mut String) {
    main.push_str("<h2>Outage</h2>\n");
    if let Some((outage, left)) = shared.current_outage() {
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
        "<form method=\"post\" action=\"/_control/outages\" class=\"row\">\n{FIELD}\
         <button name=\"outage\" value=\"unavailable\">Answer 503</button>\n\
         <button name=\"outage\" value=\"silent\">Do not answer</button>\n</form>"
    );
}
