//! The status of an ad account as rows show it: text with tone, icon and the link that helps.

use metaads_store::AdAccount;

use crate::codes::account_status::AccountStatus;
use crate::messages::ad_accounts;
use crate::urls;
use crate::web::tone::Tone;

pub struct AccountStatusView {
    pub word: &'static str,
    pub tone: Tone,
    pub icon: &'static str,
    /// Why it is not usable, or what will stop it; may be empty.
    pub reason: String,
    /// Label and URL of Meta's page that helps.
    pub fix: Option<(&'static str, &'static str)>,
}

impl AccountStatusView {
    pub fn of(account: &AdAccount) -> AccountStatusView {
        let status = AccountStatus::of(account.account_status, account.is_reachable);
        let text = ad_accounts::account_status(status);
        let reason = ad_accounts::reason(status, account.lost_reason.as_deref(), account.disable_reason);
        let (tone, icon) = tone_and_icon(status);
        AccountStatusView { word: text.word, tone, icon, reason, fix: text.fix.zip(fix_url(status)) }
    }

    /// Only a status that is good or needs attention carries its icon beside the word.
    pub fn has_icon(&self) -> bool {
        matches!(self.tone, Tone::Good | Tone::Warning)
    }
}

fn tone_and_icon(status: AccountStatus) -> (Tone, &'static str) {
    match status {
        AccountStatus::Active => (Tone::Good, "check"),
        AccountStatus::Disabled => (Tone::Bad, "ban"),
        AccountStatus::Unsettled
        | AccountStatus::PendingRiskReview
        | AccountStatus::PendingSettlement
        | AccountStatus::InGracePeriod
        | AccountStatus::Unknown => (Tone::Warning, "triangle-alert"),
        AccountStatus::PendingClosure | AccountStatus::Closed => (Tone::Neutral, "ban"),
        AccountStatus::Unreachable => (Tone::Neutral, "lock"),
    }
}

fn fix_url(status: AccountStatus) -> Option<&'static str> {
    match status {
        AccountStatus::Disabled => Some(urls::ACCOUNT_QUALITY),
        AccountStatus::Unsettled | AccountStatus::InGracePeriod => Some(urls::BILLING),
        AccountStatus::Active
        | AccountStatus::PendingRiskReview
        | AccountStatus::PendingSettlement
        | AccountStatus::PendingClosure
        | AccountStatus::Closed
        | AccountStatus::Unreachable
        | AccountStatus::Unknown => None,
    }
}
