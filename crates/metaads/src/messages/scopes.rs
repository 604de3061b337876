//! What each of Meta's permissions is for.

#[derive(Debug, Clone, Copy)]
pub struct PermissionText {
    pub name: &'static str,
    /// "Without it, …".
    pub without: &'static str,
}

/// The text of a permission by Meta's name; None for one that we do not ask for by default.
pub fn scope(key: &str) -> Option<PermissionText> {
    let (name, without) = match key {
        "ads_read" => ("See ad accounts and results", "Without it, no ad account can be listed."),
        "ads_management" => {
            ("Change campaigns and budgets", "Without it, results can be read but nothing can be changed.")
        }
        "business_management" => (
            "List your businesses",
            "Without it, ad accounts and Pages that belong to a business may be missing.",
        ),
        "pages_show_list" => ("List your Pages", "Without it, Pages are not listed."),
        "pages_read_engagement" => (
            "Read Page details",
            "Without it, ads cannot be matched to a Page, and Instagram accounts are not listed.",
        ),
        "instagram_basic" => {
            ("See your Instagram accounts", "Without it, Instagram accounts are not listed.")
        }
        "instagram_business_basic" => {
            ("See this Instagram account", "Without it, nothing about the account can be read.")
        }
        "public_profile" => ("Your name and picture", "Without it, we cannot show who is connected."),
        _ => return None,
    };
    Some(PermissionText { name, without })
}

/// The name of a permission, or Meta's own.
pub fn scope_name(key: &str) -> &str {
    scope(key).map_or(key, |text| text.name)
}
