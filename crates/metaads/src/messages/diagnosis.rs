//! Why an asset is missing, and what a lookup of one ad account found; with the label of the one thing that helps.

use crate::codes::diagnosis::{LookupResult, MissingReason, UnreadWhy};
use crate::messages::format::plural;
use crate::messages::scopes::{scope, scope_name};

#[derive(Debug, Clone)]
pub struct DiagnosisText {
    pub title: String,
    pub text: String,
    /// The label of the button or link that helps; empty if there is none.
    pub label: String,
}

pub const NOT_A_NUMBER: &str =
    "That is not an ad account number. It consists of digits, as in act_123456789.";
const SYNC: &str = "Sync accounts";
const BUSINESS_SETTINGS: &str = "Open Business settings on Meta";

fn text(title: impl Into<String>, text: impl Into<String>, label: impl Into<String>) -> DiagnosisText {
    DiagnosisText { title: title.into(), text: text.into(), label: label.into() }
}

/// `who` is the person's first name, or the business.
pub fn missing(reason: &MissingReason, who: &str) -> DiagnosisText {
    match reason {
        MissingReason::NotConnected => text(
            "It is not connected",
            format!("This page shows what was there while {who} was connected."),
            format!("Reconnect {who}"),
        ),
        MissingReason::SyncRunning => text(
            "The accounts are still syncing",
            "More may follow. This page shows what is there so far.",
            "",
        ),
        MissingReason::SyncFailed => text(
            "The sync was interrupted",
            "Meta did not answer. We keep trying; everything synced so far is there.",
            SYNC,
        ),
        MissingReason::Permission { scope, has_expired } => permission(scope, *has_expired, who),
        MissingReason::LimitedOnFacebook { ad_accounts } => limited(*ad_accounts, who),
        MissingReason::RoleTooLow { businesses } => text(
            format!("{who} has no role on the ad accounts of {}", listed(businesses)),
            format!(
                "{who} belongs to the business, but that alone shows no ad account. An admin of the business gives {who} a role on each one: Business settings, Accounts, Ad accounts, Add people. Then sync the accounts."
            ),
            BUSINESS_SETTINGS,
        ),
        MissingReason::NotRead { businesses, why } => not_read(businesses, *why, who),
        MissingReason::PermissionNotOffered { scope } => not_offered(scope),
        MissingReason::InstagramPageNotSelected { number } => text(
            format!(
                "{} selected without {} Page",
                plural(
                    i64::try_from(*number).unwrap_or(i64::MAX),
                    "Instagram account is",
                    "Instagram accounts are"
                ),
                if *number == 1 { "its" } else { "their" }
            ),
            "Meta opens an Instagram account only together with the Facebook Page that it is linked to. Select the Page in the Facebook window too.",
            "Select more on Facebook",
        ),
        MissingReason::AppReview => text(
            "Meta has not approved this site for it yet",
            "Meta shows other people’s accounts only to apps that it has reviewed. Your admin sees what is missing.",
            "Your admin has to act.",
        ),
        MissingReason::NoneExist => text(
            format!("{who} has no ad account"),
            format!("We looked under {who}’s own name and in every business that Facebook showed us."),
            "Create one on Meta",
        ),
        MissingReason::Unusable { number } => text(
            format!("{} listed but cannot be used", plural(*number, "account is", "accounts are")),
            match number {
                1 => "Meta disabled or closed it, or no longer shows it. It says why.",
                _ => "Meta disabled or closed them, or no longer shows them. Each one says why.",
            },
            if *number == 1 { "Show it" } else { "Show them" },
        ),
        MissingReason::InstagramNotProfessional { pages } => personal_instagram(pages),
        MissingReason::InstagramNotLinked { pages } => text(
            format!("No Instagram account is linked to {}", listed(pages)),
            match pages.len() {
                1 => "Link one in the Page’s settings, under Linked accounts. Then sync the accounts.",
                _ => "Link one in each Page’s settings, under Linked accounts. Then sync the accounts.",
            },
            SYNC,
        ),
    }
}

fn not_read(businesses: &[String], why: UnreadWhy, who: &str) -> DiagnosisText {
    let own = format!("{who}’s own list");
    let names: Vec<String> =
        businesses.iter().map(|name| if name.is_empty() { own.clone() } else { name.clone() }).collect();
    let whose = listed(&names);
    match why {
        UnreadWhy::RateLimited => text(
            format!("Not read yet: the ad accounts of {whose}"),
            "Meta makes this site wait before it asks for more. The sync goes on by itself; accounts may follow.",
            "",
        ),
        UnreadWhy::Unavailable => text(
            format!("Not read yet: the ad accounts of {whose}"),
            "Meta isn’t answering for this list. We keep trying; everything else goes on.",
            "",
        ),
        UnreadWhy::Refused => text(
            format!("Meta did not show the ad accounts of {whose}"),
            "It gave no reason, also when asked again. Accounts from earlier syncs are kept, and there may be more.",
            SYNC,
        ),
        UnreadWhy::TwoFactor => text(
            format!("{whose} requires two-factor authentication"),
            format!(
                "Until {who} turns it on, Meta does not show the ad accounts. On facebook.com: Settings, Accounts Center, Password and security, Two-factor authentication. Then sync the accounts."
            ),
            "Open the security settings on Facebook",
        ),
        UnreadWhy::Endless => text(
            format!("Meta’s list of the ad accounts of {whose} has no end"),
            "Its pages lead in a circle. What we read is kept, but there may be more: look for a missing account by its number below.",
            SYNC,
        ),
    }
}

fn not_offered(key: &str) -> DiagnosisText {
    let name = scope_name(key);
    let without = scope(key).map_or("", |text| text.without);
    text(
        format!("Facebook does not offer “{name}”"),
        format!(
            "It was not declined: the Meta app behind this site does not ask for it. Your admin adds {key} in the App Dashboard: the app’s permissions or, with Facebook Login for Business, its configuration. {without}"
        ),
        "Your admin has to act.",
    )
}

fn personal_instagram(pages: &[String]) -> DiagnosisText {
    let (title, them) = match pages.len() {
        1 => (format!("The Instagram account of {} is a personal one", listed(pages)), "it"),
        _ => (format!("The Instagram accounts of {} are personal ones", listed(pages)), "them"),
    };
    text(
        title,
        format!(
            "Meta opens only professional accounts to apps. Switch {them} in the Instagram app: Settings, Account type and tools. Then sync the accounts."
        ),
        SYNC,
    )
}

fn limited(ad_accounts: usize, who: &str) -> DiagnosisText {
    let number = i64::try_from(ad_accounts).unwrap_or(i64::MAX);
    text(
        format!("Only {} selected on Facebook", plural(number, "ad account is", "ad accounts are")),
        format!(
            "In the Facebook window, {who} chose which ones this site may see. The others stay hidden until they are selected there too. If Facebook does not ask again, remove this site on facebook.com under Settings, Business Integrations, then connect again."
        ),
        "Select more on Facebook",
    )
}

fn permission(key: &str, has_expired: bool, who: &str) -> DiagnosisText {
    let name = scope_name(key);
    let without = scope(key).map_or("", |text| text.without);
    let (title, why) = match has_expired {
        true => (format!("“{name}” expired"), "Facebook takes back what was not used for 90 days."),
        false => (format!("“{name}” was not granted"), "It was turned off on Facebook."),
    };
    text(title, format!("{why} {without}"), format!("Ask {who} again"))
}

/// "A", "A and B", "A, B and 3 more".
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

/// What Meta said about one ad account.
pub fn lookup(result: LookupResult, account: &str, who: &str) -> DiagnosisText {
    let title = |text: &str| format!("Account {account}: {text}");
    match result {
        LookupResult::Listed => {
            text(title("it is in the list"), "You can select it, or see there why not.", "Show it")
        }
        LookupResult::Found => {
            text(title("found"), "Meta’s lists had left it out. It is in your list now.", "Show it")
        }
        LookupResult::Hidden => text(
            title("Meta does not show it"),
            format!(
                "Nobody has shared it with {who}, it was not selected on Facebook, or the number is wrong. Its business adds {who} under Ad accounts, Add people, or shares it with your business as a partner."
            ),
            "Select it on Facebook",
        ),
        LookupResult::RoleTooLow => text(
            title("the role is too low"),
            format!(
                "It exists, but {who} may not see it. An admin of its business gives {who} a role on it."
            ),
            BUSINESS_SETTINGS,
        ),
        LookupResult::NoPermission => text(
            title("a permission is missing"),
            format!("Without “{}”, Meta shows no ad account.", scope_name("ads_read")),
            format!("Ask {who} again"),
        ),
        LookupResult::TwoFactor => text(
            title("its business requires two-factor authentication"),
            format!(
                "Meta shows it once {who} has turned it on, on facebook.com under Password and security."
            ),
            "Open the security settings on Facebook",
        ),
        LookupResult::MetaUnavailable => {
            text(title("Meta isn’t answering"), "Nothing for you to fix. Try again in a minute.", "")
        }
        LookupResult::NotConnected => text(
            title("it is not connected"),
            format!("We can ask Meta once {who} is connected again."),
            format!("Reconnect {who}"),
        ),
    }
}
