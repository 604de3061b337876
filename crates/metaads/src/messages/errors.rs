//! The error catalogue: for each stable code a title, the cause and what to do.

use crate::codes::error_code::{Code, ResponsibleParty};
use crate::messages::format::first_name;

#[derive(Debug, Clone, Copy)]
pub struct ErrorText {
    pub code: Code,
    /// At most 60 characters.
    pub title: &'static str,
    pub cause: &'static str,
    pub remedy: &'static str,
}

/// The text for a code.
pub fn error_text(code: Code) -> &'static ErrorText {
    CATALOGUE.iter().find(|text| text.code == code).expect("a test makes sure that every code has a text")
}

/// The texts of all codes, in the order of the help pages.
pub fn all() -> impl Iterator<Item = &'static ErrorText> {
    CATALOGUE.iter()
}

/// Who has to act, as the line above the title.
pub fn responsible_party(party: ResponsibleParty) -> &'static str {
    match party {
        ResponsibleParty::You => "Up to you",
        ResponsibleParty::Person => "The connected person must act",
        ResponsibleParty::Meta => "On Meta’s side; nothing for you to fix",
        ResponsibleParty::Admin => "Your admin must act",
        ResponsibleParty::Nobody => "Nothing to do",
    }
}

/// Title and cause where both names are known.
pub fn wrong_person(expected: &str, met: &str) -> (String, String) {
    (
        format!("That was {}, not {}", first_name(met), first_name(expected)),
        format!("This connection belongs to {expected}. You signed in as {met}. Nothing was changed."),
    )
}

const fn text(code: Code, [title, cause, remedy]: [&'static str; 3]) -> ErrorText {
    ErrorText { code, title, cause, remedy }
}

#[rustfmt::skip]
static CATALOGUE: &[ErrorText] = &[
    // While connecting.
    text(Code::Cancelled, [
        "You chose not to connect",
        "Nothing is connected, and Facebook gave us nothing.",
        "Changed your mind? Press Continue with Facebook."]),
    text(Code::AppNotActive, [
        "Facebook hasn’t opened this app to you",
        "The Meta app behind this site is still in development mode, or Meta has closed it for now.",
        "Send your admin the code and support ID of this page. In the App Dashboard they switch the app to Live, or give you a role on it."]),
    text(Code::NoAnswer, [
        "Facebook sent no answer",
        "Facebook sent you back without saying whether you agreed. Nothing was connected.",
        "Start again; it takes about 30 seconds."]),
    text(Code::StateExpired, [
        "That took longer than 10 minutes",
        "For safety, each attempt ends after 10 minutes, and a link from Facebook works only for its own attempt. Nothing was connected.",
        "Start again; it takes about 30 seconds."]),
    text(Code::StateUsed, [
        "This step is already done",
        "The link from Facebook was opened twice. The first time counted.",
        "Continue to your connections."]),
    text(Code::WrongSession, [
        "Sign in to finish connecting",
        "You were signed out while on Facebook, or came back in another browser. Nothing was connected.",
        "Sign in here, then press Connect Meta Account again. Facebook remembers what you agreed to."]),
    text(Code::WrongVerifier, [
        "The link could not be confirmed",
        "The page that opened it did not prove itself, several times. Nothing was connected.",
        "Go back to the app that you came from, and start there again."]),
    text(Code::CodeRefused, [
        "Facebook’s answer was no longer valid",
        "Facebook gave us a one-time pass that Meta no longer accepted. That happens after a long wait or a reload. Nothing was connected.",
        "Start again. If it happens every time, send your admin the support ID."]),
    text(Code::ForeignToken, [
        "The answer was not meant for this site",
        "Meta’s answer belonged to another app or another person, so we kept nothing of it.",
        "Start again from this site. If it happens twice, tell your admin: somebody may be trying to pass you their login."]),
    text(Code::WrongPerson, [
        "That was somebody else",
        "This connection belongs to a different person than the one who signed in on Facebook. Nothing was changed.",
        "Sign in on Facebook as the right person, or connect the other person as well."]),
    text(Code::PermissionsMissing, [
        "Connected, but permissions are missing",
        "Some permissions were not granted on Facebook, or were removed later.",
        "Ask again and leave them turned on. Everything that does not need them keeps working."]),
    text(Code::PermissionsNotOffered, [
        "Facebook does not offer a permission",
        "The Meta app behind this site does not ask for everything that this site needs. Nobody turned anything off.",
        "Your admin adds it in the App Dashboard: the app’s permissions or, with Facebook Login for Business, its configuration. Then reconnect."]),
    text(Code::PermissionExpired, [
        "A permission expired",
        "Facebook takes back a permission that was not used for 90 days. Everything that does not need it keeps working.",
        "Ask the person again: they confirm on Facebook, and it is back."]),
    text(Code::NoAdAccounts, [
        "Facebook showed us no ad accounts",
        "The connection works, but no ad account came with it: none was selected, or the person has no role on any.",
        "Connect again and select the businesses you want in the Facebook window."]),
    text(Code::MetaUnavailable, [
        "Meta isn’t answering right now",
        "Meta did not finish its part in time. Nothing is connected yet and nothing is lost.",
        "Wait a few minutes and try again. Facebook remembers what you agreed to."]),
    text(Code::MetaRateLimited, [
        "Meta asks us to slow down",
        "This site has called Meta more often than Meta allows within an hour. Nothing is lost.",
        "Try again in an hour. Your admin can see the quotas."]),
    text(Code::MetaAppMisconfigured, [
        "This site isn’t set up for Meta yet",
        "Meta refused our app, not you.",
        "Send your admin the support ID. They check the app ID and secret, the redirect URI and the permissions in the App Dashboard."]),
    // A grant that needs its person.
    text(Code::TokenExpired, [
        "Facebook’s permission expired",
        "Facebook’s permission ends after about 60 days unless it is renewed, and this one could not be.",
        "Reconnect: the person signs in once more. Selected ad accounts are kept."]),
    text(Code::PasswordChanged, [
        "The Facebook password changed",
        "When somebody changes their Facebook password, Facebook ends all permissions given before.",
        "Reconnect: the person signs in once more. Selected ad accounts are kept."]),
    text(Code::SessionInvalid, [
        "Facebook no longer accepts this connection",
        "Facebook ended it without giving a reason. Often the person signed out everywhere, or another login replaced it.",
        "Reconnect: the person signs in once more. Selected ad accounts are kept."]),
    text(Code::Checkpoint, [
        "Facebook wants to verify the person",
        "Facebook asks the person to confirm something on facebook.com before anybody may act for them.",
        "The person opens facebook.com and follows the steps there. There is no need to reconnect."]),
    text(Code::UserUnconfirmed, [
        "The Facebook account is not confirmed",
        "Facebook is waiting for the person to confirm their account.",
        "The person opens facebook.com and confirms. There is no need to reconnect."]),
    text(Code::AppRemoved, [
        "The app was removed on Facebook",
        "The person removed it under Business Integrations, or it ended together with another connection of theirs.",
        "If that was a mistake, reconnect. Selected ad accounts are kept."]),
    text(Code::DataAccessExpired, [
        "Facebook’s 90-day access ended",
        "For Instagram, Facebook asks the person to confirm every 90 days. Ads and Pages are not affected.",
        "The person confirms on Facebook by reconnecting."]),
    text(Code::OtherApp, [
        "It belongs to another Meta app",
        "This site was set up with another Meta app when the connection was made. Access from one app does not work in another.",
        "Reconnect: the person signs in once more. If the app was changed by mistake, your admin sets META_APP_ID back, and it works again."]),
    // An asset, not the grant.
    text(Code::AccountDisabled, [
        "Meta disabled this ad account",
        "Meta stopped the ad account. The connection itself is fine.",
        "Open Account Quality on Meta: it says why, and how to request a review."]),
    text(Code::AccountUnsettled, [
        "A payment is due",
        "Ads are stopped until the bill is paid. The connection itself is fine.",
        "Pay under Billing on Meta. You can select the ad account meanwhile."]),
    text(Code::AccountPendingReview, [
        "Meta is reviewing this ad account",
        "Meta reviews the ad account before it runs ads.",
        "Wait for Meta. You can select the ad account meanwhile."]),
    text(Code::AccountInGracePeriod, [
        "A payment failed",
        "Ads will run for a few more days. Then Meta stops them.",
        "Check the payment method under Billing on Meta."]),
    text(Code::AccountClosed, [
        "This ad account is closed",
        "Meta does not reopen closed accounts.",
        "Select another ad account."]),
    text(Code::RoleLost, [
        "The role is too low",
        "The person may no longer do this on the ad account or Page.",
        "An admin of the business gives the person a role in Meta Business Suite."]),
    text(Code::AssetUnreachable, [
        "This connection no longer reaches it",
        "The latest sync did not find it: it was deselected on Facebook, moved, or the person lost the role.",
        "Add it on Facebook by connecting again, or ask an admin of the business. Then sync the accounts."]),
    text(Code::AssetNotGranted, [
        "It was not selected on Facebook",
        "The business has this ad account, but in the Facebook window it was left out, so Meta refuses to open it to this site.",
        "Connect again and select it in the Facebook window."]),
    text(Code::InstagramNotProfessional, [
        "This Instagram account is a personal one",
        "Meta opens only professional Instagram accounts to apps.",
        "Switch it to a professional account in the Instagram app."]),
    text(Code::InstagramNotLinked, [
        "This Instagram account has no Page",
        "Meta reaches an Instagram account only through the Facebook Page it is linked to.",
        "Link it to a Page in the Page’s settings, then sync the accounts."]),
    // Ours.
    text(Code::SealedValueUnreadable, [
        "The stored access cannot be read",
        "A value in the database does not open: its key is missing, or it was changed or moved. Nothing was sent to Meta.",
        "Send your admin the support ID. They check ENCRYPTION_KEY; if the key is lost, the person connects again."]),
    text(Code::DatabaseUnavailable, [
        "We can’t reach our database right now",
        "This site’s database does not answer, is full, or is read-only. Nothing was left half done.",
        "Try again in a minute. If it stays like this, tell your admin."]),
    text(Code::Busy, [
        "We have a lot to do right now",
        "This site handles as many requests as it can at the same moment, from you or from everybody. Nothing was changed.",
        "Try again in a few seconds."]),
    text(Code::InternalError, [
        "Something went wrong on our side",
        "This is a bug in this site. Trying again is unlikely to help.",
        "Send your admin the support ID. It leads to the entry in the log."]),
    text(Code::RateLimited, [
        "Too many attempts",
        "For safety, we pause after many attempts.",
        "Wait 15 minutes and try again."]),
    text(Code::NotFound, [
        "There is nothing here",
        "The address is wrong, or it belongs to something that was deleted or is not yours.",
        "Go to your connections and look from there."]),
    text(Code::Unauthorized, [
        "Sign in first",
        "Only somebody who is signed in can see this.",
        "Sign in; you come back to this page."]),
    text(Code::Forbidden, [
        "You don’t have access to this",
        "It needs a role that you do not have. Nothing was changed.",
        "Ask an admin of this site for access."]),
    text(Code::CrossSiteRequest, [
        "That came from another site",
        "A page of another site sent this request, so we did not act on it. Nothing was changed.",
        "Open this site directly and press the button there."]),
    text(Code::WrongHost, [
        "This site has another address",
        "The request used a host name that this site is not set up for, so we did not act on it. Nothing was changed.",
        "Open this site under its own address. If this is its address, your admin sets PUBLIC_URL to it."]),
    text(Code::InvalidRequest, [
        "We could not read that request",
        "A part of it was missing, too long or malformed. Nothing was changed.",
        "Go back and try again."]),
    text(Code::Conflict, [
        "Somebody else was faster",
        "What you wanted to change was changed a moment before. Nothing was overwritten.",
        "Check it, and repeat your change if it is still needed."]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_text_with_a_short_title() {
        for text in CATALOGUE {
            let code = text.code.as_str();
            assert!(text.title.chars().count() <= 60, "the title of {code} is too long");
            assert!(!text.cause.is_empty() && !text.remedy.is_empty(), "{code}");
        }
        for code in Code::ALL {
            assert_eq!(CATALOGUE.iter().filter(|text| text.code == *code).count(), 1, "{}", code.as_str());
        }
    }

    #[test]
    fn no_text_uses_jargon() {
        for entry in CATALOGUE {
            let text = format!("{} {} {}", entry.title, entry.cause, entry.remedy).to_lowercase();
            for jargon in ["token", "oauth", "scope", "credential", "oops", "please", "invalid", "!"] {
                assert!(!text.contains(jargon), "{} says {jargon}", entry.code.as_str());
            }
        }
    }
}
