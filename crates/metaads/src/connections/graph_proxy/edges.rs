//! What belongs to one ad account: edges and fields of it and of its objects that lead to nothing else. A key that is
//! limited to ad accounts follows these and no other.

/// Names of edges and of nested fields. Source: Marketing API reference.
const WITHIN_AN_AD_ACCOUNT: [&str; 44] = [
    "account",
    "activities",
    "ad",
    "adcreative",
    "adcreatives",
    "adimages",
    "adlabels",
    "ads",
    "ads_volume",
    "adset",
    "adsets",
    "adspixels",
    "advideos",
    "asyncadcreatives",
    "campaign",
    "campaigns",
    "captions",
    "copies",
    "creative",
    "creatives",
    "customaudiences",
    "delivery_estimate",
    "generatepreviews",
    "insights",
    "instant_forms_preview",
    "issues_info",
    "leads",
    "matched_search_applications",
    "minimum_budgets",
    "previews",
    "promoted_object",
    "publisher_block_lists",
    "reachestimate",
    "reachfrequencypredictions",
    "recommendations",
    "saved_audiences",
    "targeting",
    "targetingbrowse",
    "targetingsearch",
    "targetingsentencelines",
    "targetingsuggestions",
    "targetingvalidation",
    "thumbnails",
    "tracking",
];

pub fn is_within_ad_account(name: &str) -> bool {
    WITHIN_AN_AD_ACCOUNT.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_leads_to_no_business_person_or_page() {
        assert!(WITHIN_AN_AD_ACCOUNT.is_sorted());
        for outside in [
            "business",
            "owner",
            "users",
            "adaccounts",
            "owned_ad_accounts",
            "agencies",
            "accounts",
            "me",
            "assigned_users",
            "async_batch_requests",
            "asyncadrequestsets",
        ] {
            assert!(!is_within_ad_account(outside), "{outside}");
        }
    }
}
