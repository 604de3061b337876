//! The status of an ad account, from the number that Meta reports. Source: Marketing API reference, Ad Account, `account_status`.

use utoipa::ToSchema;

/// The status of an ad account, as the JSON API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AccountStatus {
    Active,
    Disabled,
    Unsettled,
    PendingRiskReview,
    PendingSettlement,
    InGracePeriod,
    PendingClosure,
    Closed,
    /// Listed before, but not by the newest sync.
    Unreachable,
    /// A number that Meta has not documented.
    Unknown,
}

impl AccountStatus {
    pub fn of(account_status: Option<i64>, is_reachable: bool) -> AccountStatus {
        if !is_reachable {
            return AccountStatus::Unreachable;
        }
        match account_status {
            Some(1) => AccountStatus::Active,
            Some(2) => AccountStatus::Disabled,
            Some(3) => AccountStatus::Unsettled,
            Some(7) => AccountStatus::PendingRiskReview,
            Some(8) => AccountStatus::PendingSettlement,
            Some(9) => AccountStatus::InGracePeriod,
            Some(100) => AccountStatus::PendingClosure,
            Some(101) => AccountStatus::Closed,
            _ => AccountStatus::Unknown,
        }
    }

    const ALL: [AccountStatus; 10] = [
        AccountStatus::Active,
        AccountStatus::Disabled,
        AccountStatus::Unsettled,
        AccountStatus::PendingRiskReview,
        AccountStatus::PendingSettlement,
        AccountStatus::InGracePeriod,
        AccountStatus::PendingClosure,
        AccountStatus::Closed,
        AccountStatus::Unreachable,
        AccountStatus::Unknown,
    ];

    pub fn from_text(text: &str) -> Option<AccountStatus> {
        AccountStatus::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The JSON API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            AccountStatus::Active => "active",
            AccountStatus::Disabled => "disabled",
            AccountStatus::Unsettled => "unsettled",
            AccountStatus::PendingRiskReview => "pending_risk_review",
            AccountStatus::PendingSettlement => "pending_settlement",
            AccountStatus::InGracePeriod => "in_grace_period",
            AccountStatus::PendingClosure => "pending_closure",
            AccountStatus::Closed => "closed",
            AccountStatus::Unreachable => "unreachable",
            AccountStatus::Unknown => "unknown",
        }
    }

    /// Whether it can be selected: it can run ads now, or once a payment is made or a review by Meta ends.
    pub fn is_selectable(self) -> bool {
        match self {
            AccountStatus::Active
            | AccountStatus::Unsettled
            | AccountStatus::PendingRiskReview
            | AccountStatus::PendingSettlement
            | AccountStatus::InGracePeriod
            | AccountStatus::Unknown => true,
            AccountStatus::Disabled
            | AccountStatus::PendingClosure
            | AccountStatus::Closed
            | AccountStatus::Unreachable => false,
        }
    }

    /// The `status_reason` of the JSON API; None if nothing is wrong.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            AccountStatus::Active | AccountStatus::PendingSettlement | AccountStatus::Unknown => None,
            AccountStatus::Disabled => Some("account_disabled"),
            AccountStatus::Unsettled => Some("account_unsettled"),
            AccountStatus::PendingRiskReview => Some("account_pending_review"),
            AccountStatus::InGracePeriod => Some("account_in_grace_period"),
            AccountStatus::PendingClosure | AccountStatus::Closed => Some("account_closed"),
            AccountStatus::Unreachable => Some("asset_unreachable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_number_has_a_status_and_any_other_is_unknown() {
        let words = [1, 2, 3, 7, 8, 9, 100, 101, 201, 202, 424_242]
            .map(|number| AccountStatus::of(Some(number), true));
        assert_eq!(
            words.map(AccountStatus::as_str),
            [
                "active",
                "disabled",
                "unsettled",
                "pending_risk_review",
                "pending_settlement",
                "in_grace_period",
                "pending_closure",
                "closed",
                "unknown",
                "unknown",
                "unknown",
            ]
        );
        assert_eq!(AccountStatus::of(None, true), AccountStatus::Unknown);
        assert_eq!(AccountStatus::of(Some(1), false), AccountStatus::Unreachable);
        for status in AccountStatus::ALL {
            assert_eq!(AccountStatus::from_text(status.as_str()), Some(status));
        }
    }
}
