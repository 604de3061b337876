//! Ad accounts: their status, why Meta disabled one, and what the person may do with it.
//! Reasons: Marketing API reference, Ad Account, `disable_reason`.

use metaads_store::Relation;

use crate::codes::account_status::AccountStatus;
use crate::codes::error_code::Code;
use crate::messages::format::plural;

/// The status of an ad account.
#[derive(Debug, Clone, Copy)]
pub struct AccountStatusText {
    pub word: &'static str,
    /// Empty where the word says it all.
    pub reason: &'static str,
    /// The label of the link to Meta's page that helps, if there is one.
    pub fix: Option<&'static str>,
}

/// For an account that exists, but not for this person any more.
const ROLE_LOST: &str =
    "The person’s role on it is too low or was removed. An admin of its business can restore it.";
/// For an account that the business has, and that the grant does not cover.
const NOT_GRANTED: &str = "It was left out in the Facebook window. Connect again and select it there.";
pub const UNREACHABLE: &str = "Meta no longer shows it to this connection.";
pub const NO_BUSINESS: &str = "Not in a business";

pub fn account_status(status: AccountStatus) -> AccountStatusText {
    let text = |word, reason| AccountStatusText { word, reason, fix: None };
    match status {
        AccountStatus::Active => text("Ready", ""),
        AccountStatus::Disabled => AccountStatusText {
            fix: Some("Open Account Quality on Meta"),
            ..text("Disabled", "Meta disabled it.")
        },
        AccountStatus::Unsettled => AccountStatusText {
            fix: Some("Pay on Meta"),
            ..text("Payment due", "Ads are stopped until the bill is paid. You can still select it.")
        },
        AccountStatus::PendingRiskReview => {
            text("In review", "Meta is reviewing it; ads wait until then. You can still select it.")
        }
        AccountStatus::PendingSettlement => text("Settling", "A payment is being settled. Ads are running."),
        AccountStatus::InGracePeriod => AccountStatusText {
            fix: Some("Check the payment on Meta"),
            ..text("Payment failed", "Ads will run for a few more days. You can still select it.")
        },
        AccountStatus::PendingClosure => text("Closing", "Meta is closing it."),
        AccountStatus::Closed => text("Closed", "Meta does not reopen closed accounts."),
        AccountStatus::Unreachable => text(
            "Not reachable",
            "The latest sync did not find it: it was not selected on Facebook, or the role is gone.",
        ),
        AccountStatus::Unknown => {
            text("Unknown", "Meta did not report the status of this account. You can still select it.")
        }
    }
}

/// Why Meta disabled an account; None if Meta gave no known reason.
pub fn disable_reason(number: Option<i64>) -> Option<&'static str> {
    Some(match number? {
        1 => "its ads violated Meta’s ads policy",
        2 => "its ads are in an intellectual property review",
        3 => "risk review of the payment method",
        4 => "it was one of several accounts shut down together",
        5 => "its ads are being reviewed",
        6 => "its business is under review",
        7 => "permanently closed",
        8 => "an unused reseller account",
        9 => "an unused account",
        10 => "an umbrella account",
        11 => "its business portfolio violated Meta’s policy",
        12 => "it misrepresented what it is",
        13 => "its legal entity was removed",
        14 => "its message threads are being reviewed",
        15 => "the account may be compromised",
        _ => return None,
    })
}

/// Why an account has this status. `lost_reason` is a stable error code, `disable_reason` Meta's number.
pub fn reason(
    status: AccountStatus,
    lost_reason: Option<&str>,
    disable_reason_number: Option<i64>,
) -> String {
    match (lost_reason, disable_reason(disable_reason_number)) {
        (Some(code), _) if code == Code::RoleLost.as_str() => ROLE_LOST.to_owned(),
        (Some(code), _) if code == Code::AssetNotGranted.as_str() => NOT_GRANTED.to_owned(),
        (_, Some(reason)) if status == AccountStatus::Disabled => disabled_because(reason),
        _ => account_status(status).reason.to_owned(),
    }
}

/// "Meta disabled it: an unused account."
fn disabled_because(reason: &str) -> String {
    format!("Meta disabled it: {reason}.")
}

/// What the person may do with an account, from Meta's tasks; empty for everything, or if Meta did not say.
pub fn role(tasks: &[String]) -> &'static str {
    let has = |wanted: &str| tasks.iter().any(|task| task == wanted);
    match () {
        () if tasks.is_empty() || has("MANAGE") => "",
        () if has("ADVERTISE") => "may run campaigns",
        () if has("DRAFT") => "may draft campaigns",
        () if has("ANALYZE") || has("AA_ANALYZE") => "may see results only",
        () => "",
    }
}

/// "Europe/Berlin" as "Berlin".
pub fn zone_name(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// A business as the heading of its accounts; `id` is empty for accounts in no business.
pub fn business_name(id: &str, name: &str) -> String {
    match (id, name) {
        ("", _) => NO_BUSINESS.to_owned(),
        (id, "") => format!("Business {id}"),
        (_, name) => name.to_owned(),
    }
}

/// How the business relates to its accounts; empty for accounts in no business.
pub fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Owned => "Owned",
        Relation::Client => "Client",
        Relation::Shared => "Shared",
        Relation::Personal => "",
    }
}

/// "12 accounts match “shoes”", or the number alone where nothing is searched.
pub fn matches(number: i64, search: &str) -> String {
    match search {
        "" => plural(number, "account", "accounts"),
        search => format!("{} “{search}”", plural(number, "account matches", "accounts match")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_task_says_what_a_person_may_do() {
        let role_of = |tasks: &[&str]| role(&tasks.iter().map(|task| (*task).to_owned()).collect::<Vec<_>>());
        assert_eq!(role_of(&["MANAGE", "ADVERTISE", "ANALYZE"]), "");
        assert_eq!(role_of(&["ANALYZE", "ADVERTISE"]), "may run campaigns");
        assert_eq!(role_of(&["AA_ANALYZE"]), "may see results only");
        assert_eq!(role_of(&[]), "");
        assert_eq!(role_of(&["SOMETHING_NEW"]), "");
    }

    #[test]
    fn each_of_the_fifteen_disable_reasons_has_text_and_no_other_number_has() {
        let known: Vec<i64> = (-1..300).filter(|number| disable_reason(Some(*number)).is_some()).collect();
        assert_eq!(known, (1..=15).collect::<Vec<i64>>());
        assert_eq!(disable_reason(None), None);
    }
}
