//! The standing of ad accounts in words. Reasons: Marketing API reference, Ad Account, `disable_reason`.

use crate::codes::account_status::AccountStatus;

/// How a row of the picker speaks of an account.
#[derive(Debug, Clone, Copy)]
pub struct AccountStatusText {
    pub word: &'static str,
    /// CSS class: ok, warn, bad or plain.
    pub tone: &'static str,
    pub icon: &'static str,
    pub reason: &'static str,
    /// Where on Meta it can be mended: label and address.
    pub fix: Option<(&'static str, &'static str)>,
}

const BILLING: &str = "https://business.facebook.com/billing_hub/payment_settings";
const QUALITY: &str = "https://www.facebook.com/accountquality";

/// Of an account that is there, but not for this person.
pub const ROLE_LOST: &str =
    "The person’s role on it is too low, or was taken away. An admin of its business can give it back.";

const fn words(
    word: &'static str,
    tone: &'static str,
    icon: &'static str,
    reason: &'static str,
) -> AccountStatusText {
    AccountStatusText { word, tone, icon, reason, fix: None }
}

pub fn standing(standing: AccountStatus) -> AccountStatusText {
    match standing {
        AccountStatus::Active => words("Ready", "ok", "check", ""),
        AccountStatus::Disabled => AccountStatusText {
            fix: Some(("Open Account Quality on Meta", QUALITY)),
            ..words("Disabled", "bad", "ban", "Meta disabled it.")
        },
        AccountStatus::Unsettled => AccountStatusText {
            fix: Some(("Pay on Meta", BILLING)),
            ..words(
                "Payment due",
                "warn",
                "triangle-alert",
                "Ads are stopped until the bill is paid. You can still choose it.",
            )
        },
        AccountStatus::PendingRiskReview => words(
            "In review",
            "warn",
            "triangle-alert",
            "Meta is reviewing it; ads wait until then. You can still choose it.",
        ),
        AccountStatus::PendingSettlement => {
            words("Settling", "warn", "triangle-alert", "A payment is being settled. Ads run.")
        }
        AccountStatus::InGracePeriod => AccountStatusText {
            fix: Some(("Check the payment on Meta", BILLING)),
            ..words(
                "Payment failed",
                "warn",
                "triangle-alert",
                "Ads still run for some days. You can still choose it.",
            )
        },
        AccountStatus::PendingClosure => words("Being closed", "plain", "ban", "Meta is closing it."),
        AccountStatus::Closed => words("Closed", "plain", "ban", "Meta does not reopen closed accounts."),
        AccountStatus::Unreachable => words(
            "Not reachable",
            "plain",
            "lock",
            "The newest reading did not show it: it was not ticked on Facebook, or the role is gone.",
        ),
        AccountStatus::Unknown => words(
            "Unclear",
            "warn",
            "triangle-alert",
            "Meta did not say how this account stands. You can still choose it.",
        ),
    }
}

/// Why Meta disabled an account; None where Meta gave no known reason.
pub fn disable_reason(number: Option<i64>) -> Option<&'static str> {
    Some(match number? {
        1 => "its ads broke Meta’s ads policy",
        2 => "its ads are in a review of intellectual property",
        3 => "risk review of the payment method",
        4 => "it was one of several accounts shut down together",
        5 => "its ads are being reviewed",
        6 => "its business is under review",
        7 => "closed for good",
        8 => "an unused reseller account",
        9 => "an unused account",
        10 => "an umbrella account",
        11 => "its business portfolio broke Meta’s policy",
        12 => "it was not what it said it was",
        13 => "its legal entity was taken away",
        14 => "its message threads are being reviewed",
        15 => "somebody else may have got into it",
        _ => return None,
    })
}

/// What the person may do with an account, from Meta's tasks; empty where it is everything, or not said.
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
    fn each_of_the_fifteen_reasons_has_words_and_no_other_number_has() {
        let known: Vec<i64> = (-1..300).filter(|number| disable_reason(Some(*number)).is_some()).collect();
        assert_eq!(known, (1..=15).collect::<Vec<i64>>());
        assert_eq!(disable_reason(None), None);
    }
}
