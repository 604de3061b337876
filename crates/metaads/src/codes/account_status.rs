//! What Meta's account numbers mean. Source: Marketing API reference, Ad Account, `account_status`.

/// The standing of an ad account, as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Active,
    Disabled,
    Unsettled,
    PendingRiskReview,
    PendingSettlement,
    InGracePeriod,
    PendingClosure,
    Closed,
    /// It was there once, and the newest reading did not show it.
    Unreachable,
    /// A number Meta has not documented.
    Unknown,
}

impl Standing {
    pub fn of(account_status: Option<i64>, is_reachable: bool) -> Standing {
        if !is_reachable {
            return Standing::Unreachable;
        }
        match account_status {
            Some(1) => Standing::Active,
            Some(2) => Standing::Disabled,
            Some(3) => Standing::Unsettled,
            Some(7) => Standing::PendingRiskReview,
            Some(8) => Standing::PendingSettlement,
            Some(9) => Standing::InGracePeriod,
            Some(100) => Standing::PendingClosure,
            Some(101) => Standing::Closed,
            _ => Standing::Unknown,
        }
    }

    const ALL: [Standing; 10] = [
        Standing::Active,
        Standing::Disabled,
        Standing::Unsettled,
        Standing::PendingRiskReview,
        Standing::PendingSettlement,
        Standing::InGracePeriod,
        Standing::PendingClosure,
        Standing::Closed,
        Standing::Unreachable,
        Standing::Unknown,
    ];

    pub fn from_text(text: &str) -> Option<Standing> {
        Standing::ALL.into_iter().find(|standing| standing.as_str() == text)
    }

    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Active => "active",
            Standing::Disabled => "disabled",
            Standing::Unsettled => "unsettled",
            Standing::PendingRiskReview => "pending_risk_review",
            Standing::PendingSettlement => "pending_settlement",
            Standing::InGracePeriod => "in_grace_period",
            Standing::PendingClosure => "pending_closure",
            Standing::Closed => "closed",
            Standing::Unreachable => "unreachable",
            Standing::Unknown => "unknown",
        }
    }

    /// Whether it may be chosen: what can run ads now, or once somebody has paid or Meta has looked.
    pub fn is_selectable(self) -> bool {
        match self {
            Standing::Active
            | Standing::Unsettled
            | Standing::PendingRiskReview
            | Standing::PendingSettlement
            | Standing::InGracePeriod
            | Standing::Unknown => true,
            Standing::Disabled | Standing::PendingClosure | Standing::Closed | Standing::Unreachable => false,
        }
    }

    /// The stable code of what is wrong with it (`status_reason`), if anything is.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Standing::Active | Standing::PendingSettlement | Standing::Unknown => None,
            Standing::Disabled => Some("account_disabled"),
            Standing::Unsettled => Some("account_unsettled"),
            Standing::PendingRiskReview => Some("account_pending_review"),
            Standing::InGracePeriod => Some("account_in_grace_period"),
            Standing::PendingClosure | Standing::Closed => Some("account_closed"),
            Standing::Unreachable => Some("asset_unreachable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_of_metas_has_its_standing_and_a_new_one_is_unclear() {
        let words =
            [1, 2, 3, 7, 8, 9, 100, 101, 201, 202, 424_242].map(|number| Standing::of(Some(number), true));
        assert_eq!(
            words.map(Standing::as_str),
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
        assert_eq!(Standing::of(None, true), Standing::Unknown);
        assert_eq!(Standing::of(Some(1), false), Standing::Unreachable);
        for standing in Standing::ALL {
            assert_eq!(Standing::from_text(standing.as_str()), Some(standing));
        }
    }
}
