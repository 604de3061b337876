//! Why something is missing, in words, each with the one thing that helps.

use crate::connections::assets::diagnose::{Answer, Reason};
use crate::messages::format::plural;

/// A reason as the page shows it.
#[derive(Debug, Clone)]
pub struct DiagnosisText {
    pub title: String,
    pub text: String,
    pub help: Help,
}

/// The one thing that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Help {
    /// Facebook asks again, for what was declined or not ticked.
    AskAgain(String),
    Reconnect(String),
    ReadAgain,
    /// The picker, with what to show.
    Show(&'static str, String),
    /// A page of Meta's: label and address.
    Meta(&'static str, &'static str),
    /// Only an admin of this site can do something.
    Admin,
    /// Nothing to press: it goes on by itself, or somebody else has to act.
    None,
}

const SETTINGS: (&str, &str) = ("Open Business settings on Meta", "https://business.facebook.com/settings");

fn words(title: String, text: String, help: Help) -> DiagnosisText {
    DiagnosisText { title, text, help }
}

/// `who` is the person's first name, or the business.
pub fn missing(reason: &Reason, who: &str) -> DiagnosisText {
    match reason {
        Reason::NotConnected => words(
            "It is not connected".to_owned(),
            format!("What you see is what was there when {who} was connected."),
            Help::Reconnect(format!("Reconnect {who}")),
        ),
        Reason::StillReading => words(
            "We are still reading".to_owned(),
            "More accounts may come. This page shows what is there so far.".to_owned(),
            Help::None,
        ),
        Reason::ReadingStuck => words(
            "Reading was cut off".to_owned(),
            "Meta did not answer. We keep trying; what was read is there.".to_owned(),
            Help::ReadAgain,
        ),
        Reason::Permission { scope, has_lapsed } => permission(scope, *has_lapsed, who),
        Reason::NotTicked { ad_accounts } => words(
            format!("Only {} ticked on Facebook", plural(i64::try_from(*ad_accounts).unwrap_or(i64::MAX), "ad account is", "ad accounts are")),
            format!("In Facebook’s window {who} chose which ones this site may see. The others stay hidden until they are ticked there too. Where Facebook does not ask again: remove this site on facebook.com under Settings, Business Integrations, then connect again."),
            Help::AskAgain("Tick more on Facebook".to_owned()),
        ),
        Reason::RoleTooLow { businesses } => words(
            format!("{who} has no role on the ad accounts of {}", named(businesses)),
            format!("{who} is in the business, and that alone shows no ad account. An admin of the business gives {who} a role on each: Business settings, Accounts, Ad accounts, Add people. Then read again."),
            Help::Meta(SETTINGS.0, SETTINGS.1),
        ),
        Reason::ListRefused { businesses } => words(
            format!("Meta did not show the ad accounts of {}", named(businesses)),
            "It gave no reason. What was read before is kept.".to_owned(),
            Help::ReadAgain,
        ),
        Reason::AppReview => words(
            "Meta has not approved this site for it yet".to_owned(),
            "Meta shows accounts of other people only to apps that it has reviewed. Your admin sees what is missing.".to_owned(),
            Help::Admin,
        ),
        Reason::NoneExist => words(
            format!("{who} has no ad account"),
            format!("We looked under {who}’s own name and in every business that Facebook showed us."),
            Help::Meta("Create one on Meta", "https://adsmanager.facebook.com/"),
        ),
        Reason::Unusable { number } => words(
            format!("{} there and cannot be used", plural(*number, "account is", "accounts are")),
            "Meta disabled or closed them, or no longer shows them. Each says why.".to_owned(),
            Help::Show("unusable", "Show them".to_owned()),
        ),
        Reason::InstagramNotProfessional { pages } => words(
            format!("The Instagram account of {} is a personal one", named(pages)),
            "Meta opens only professional accounts to programs. Switch it in the Instagram app: Settings, Account type and tools. Then read again.".to_owned(),
            Help::ReadAgain,
        ),
        Reason::InstagramNotLinked { pages } => words(
            format!("No Instagram account is linked to {}", named(pages)),
            "Link it in the Page’s settings, under Linked accounts. Then read again.".to_owned(),
            Help::ReadAgain,
        ),
    }
}

fn permission(scope: &str, has_lapsed: bool, who: &str) -> DiagnosisText {
    let known = crate::messages::scopes::scope(scope);
    let name = known.map_or(scope, |words| words.name);
    let without = known.map_or("", |words| words.without);
    let title =
        if has_lapsed { format!("“{name}” lapsed") } else { format!("“{name}” was not given") };
    let why = if has_lapsed {
        "Facebook takes back what was not used for 90 days."
    } else {
        "It was unticked on Facebook."
    };
    words(title, format!("{why} {without}"), Help::AskAgain(format!("Ask {who} again")))
}

/// "A", "A and B", "A, B and 3 more".
fn named(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

/// What Meta said about one account.
pub fn answer(answer: Answer, account: &str, who: &str) -> DiagnosisText {
    let title = |text: &str| format!("Account {account}: {text}");
    let show = Help::Show(if answer == Answer::Listed { "listed" } else { "found" }, "Show it".to_owned());
    match answer {
        Answer::Listed => {
            words(title("it is in the list"), "You can choose it, or see there why not.".to_owned(), show)
        }
        Answer::Found => {
            words(title("found"), "Meta’s lists had left it out. It is in your list now.".to_owned(), show)
        }
        Answer::Hidden => words(
            title("Meta does not show it"),
            format!(
                "Either nobody has shared it with {who}, or it was not ticked on Facebook, or the number is wrong. Its business adds {who} under Ad accounts, Add people, or shares it with your business as a partner."
            ),
            Help::AskAgain("Tick it on Facebook".to_owned()),
        ),
        Answer::RoleTooLow => words(
            title("the role is too low"),
            format!(
                "It exists, and {who} may not see it. An admin of its business gives {who} a role on it."
            ),
            Help::Meta(SETTINGS.0, SETTINGS.1),
        ),
        Answer::NoPermission => words(
            title("a permission is missing"),
            format!(
                "Without “{}” Meta shows no ad account.",
                crate::messages::scopes::scope("ads_read").map_or("ads_read", |words| words.name)
            ),
            Help::AskAgain(format!("Ask {who} again")),
        ),
        Answer::Away => words(
            title("Meta isn’t answering"),
            "Nothing for you to fix. Try again in a minute.".to_owned(),
            Help::None,
        ),
        Answer::NotConnected => words(
            title("it is not connected"),
            format!("We can ask Meta once {who} is connected again."),
            Help::Reconnect(format!("Reconnect {who}")),
        ),
    }
}
