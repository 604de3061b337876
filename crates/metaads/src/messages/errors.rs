//! The error catalogue: for each stable code a title, the cause, who must act and what to do.

use crate::codes::error_code::Code;

/// ResponsibleParty has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponsibleParty {
    You,
    Person,
    Meta,
    Admin,
    Nobody,
}

/// The one button of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallToAction {
    Connect,
    SignIn,
    Connections,
    /// Nothing to press here that would help.
    None,
}

/// What is said of a code.
#[derive(Debug, Clone, Copy)]
pub struct ErrorText {
    pub code: Code,
    pub title: &'static str,
    /// What happened, plainly.
    pub cause: &'static str,
    pub who: ResponsibleParty,
    pub remedy: &'static str,
    pub act: CallToAction,
}

impl ResponsibleParty {
    /// The line above the title.
    pub fn line(self) -> &'static str {
        match self {
            ResponsibleParty::You => "Up to you",
            ResponsibleParty::Person => "The person who connected must act",
            ResponsibleParty::Meta => "On Meta’s side; nothing for you to fix",
            ResponsibleParty::Admin => "Your admin must act",
            ResponsibleParty::Nobody => "Nobody has to do anything",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            ResponsibleParty::You => "undo-2",
            ResponsibleParty::Person => "user",
            ResponsibleParty::Meta => "hourglass",
            ResponsibleParty::Admin => "wrench",
            ResponsibleParty::Nobody => "info",
        }
    }
}

/// The text for a code.
pub fn error_text(code: Code) -> &'static ErrorText {
    CATALOGUE.iter().find(|text| text.code == code).expect("a test makes sure that every code has a text")
}

/// The texts of all codes, in the order of the help pages.
pub fn all() -> impl Iterator<Item = &'static ErrorText> {
    CATALOGUE.iter()
}

const fn say(
    code: Code,
    who: ResponsibleParty,
    act: CallToAction,
    [title, cause, remedy]: [&'static str; 3],
) -> ErrorText {
    ErrorText { code, title, cause, who, remedy, act }
}

#[rustfmt::skip]
static CATALOGUE: &[ErrorText] = &[
    // While connecting.
    say(Code::Cancelled, ResponsibleParty::You, CallToAction::Connect, [
        "You chose not to connect",
        "Nothing is connected, and Facebook gave us nothing.",
        "If that was a slip, press Continue with Facebook. Otherwise there is nothing to do."]),
    say(Code::AppNotActive, ResponsibleParty::Admin, CallToAction::Connections, [
        "Facebook hasn’t opened this app to you",
        "The Meta app behind this site is still in development mode, or Meta has closed it for now.",
        "Give your admin this page’s code and support id. In the Meta app’s dashboard they switch the app to Live, or give you a role on it."]),
    say(Code::StateExpired, ResponsibleParty::You, CallToAction::Connect, [
        "That took longer than 10 minutes",
        "For safety, each attempt ends after 10 minutes, and a link from Facebook works only for the attempt it belongs to. Nothing was connected.",
        "Start again; it takes about 30 seconds."]),
    say(Code::StateUsed, ResponsibleParty::Nobody, CallToAction::Connections, [
        "This step is already done",
        "The link from Facebook was opened twice. The first time counted.",
        "Go on to your connections."]),
    say(Code::WrongSession, ResponsibleParty::You, CallToAction::SignIn, [
        "Sign in to finish connecting",
        "You were signed out while on Facebook, or came back in another browser. Nothing was connected.",
        "Sign in here, then press Connect Meta Account once more. Facebook remembers what you agreed to."]),
    say(Code::CodeRefused, ResponsibleParty::You, CallToAction::Connect, [
        "Facebook’s answer was no longer valid",
        "Facebook gave us a one-time pass, and Meta did not accept it any more. That happens after a long wait or a reload. Nothing was connected.",
        "Start again. If it happens each time, give your admin the support id."]),
    say(Code::ForeignToken, ResponsibleParty::Admin, CallToAction::Connections, [
        "What came back was not meant for this site",
        "Meta’s answer belonged to another app or another person, so nothing of it was kept.",
        "Start again from this site. If it happens twice, tell your admin: somebody may be trying to pass you a foreign login."]),
    say(Code::WrongPerson, ResponsibleParty::You, CallToAction::Connect, [
        "That was somebody else",
        "This connection belongs to another person than the one who signed in on Facebook. Nothing was changed.",
        "Sign in on Facebook as the right person, or connect the other person as well."]),
    say(Code::PermissionsMissing, ResponsibleParty::Person, CallToAction::Connect, [
        "Connected, but permissions are missing",
        "Some permissions were unticked on Facebook, or taken back later.",
        "Ask again and leave them ticked. What works without them goes on working."]),
    say(Code::PermissionExpired, ResponsibleParty::Person, CallToAction::Connections, [
        "A permission lapsed",
        "Facebook takes back a permission that was not used for 90 days. What works without it goes on.",
        "Ask the person again: they confirm on Facebook, and it is back."]),
    say(Code::NoAdAccounts, ResponsibleParty::You, CallToAction::Connect, [
        "Facebook showed us no ad accounts",
        "The connection is there, but no ad account came with it: none was ticked, or the person has a role on none.",
        "Tick the businesses you want in the Facebook window, sign in as someone who manages the ads, or have an admin of the business give the person a role."]),
    say(Code::MetaUnavailable, ResponsibleParty::Meta, CallToAction::Connect, [
        "Meta isn’t answering right now",
        "Meta did not finish its part in time. Nothing is connected yet and nothing is lost.",
        "Wait a few minutes and try again. Facebook remembers what you agreed to."]),
    say(Code::MetaRateLimited, ResponsibleParty::Meta, CallToAction::Connections, [
        "Meta asks us to slow down",
        "This site has asked Meta more than Meta allows within an hour. Nothing is lost.",
        "Try again in an hour. Your admin can see the limits."]),
    say(Code::MetaAppMisconfigured, ResponsibleParty::Admin, CallToAction::Connections, [
        "This site isn’t set up for Meta yet",
        "Meta refused our app, not you.",
        "Give your admin the support id. They check the app id and secret, the redirect address and the permissions in the Meta app’s dashboard."]),
    // A grant that needs its person.
    say(Code::TokenExpired, ResponsibleParty::Person, CallToAction::Connections, [
        "Facebook’s permission ran out",
        "Facebook’s permission ends after about 60 days unless it is renewed, and this one could not be.",
        "Reconnect: the person signs in once more. Chosen ad accounts are kept."]),
    say(Code::PasswordChanged, ResponsibleParty::Person, CallToAction::Connections, [
        "The Facebook password changed",
        "When somebody changes their Facebook password, Facebook ends all permissions given before.",
        "Reconnect: the person signs in once more. Chosen ad accounts are kept."]),
    say(Code::SessionInvalid, ResponsibleParty::Person, CallToAction::Connections, [
        "Facebook no longer accepts this connection",
        "Facebook ended it without saying why. Often the person signed out everywhere, or another login replaced it.",
        "Reconnect: the person signs in once more. Chosen ad accounts are kept."]),
    say(Code::Checkpoint, ResponsibleParty::Person, CallToAction::Connections, [
        "Facebook wants to be sure who it is",
        "Facebook asks the person to confirm something on facebook.com before it lets anybody act for them.",
        "The person opens facebook.com and follows what it asks. There is nothing to reconnect."]),
    say(Code::UserUnconfirmed, ResponsibleParty::Person, CallToAction::Connections, [
        "The Facebook account is not confirmed",
        "Facebook waits for the person to confirm their account.",
        "The person opens facebook.com and confirms. There is nothing to reconnect."]),
    say(Code::AppRemoved, ResponsibleParty::Person, CallToAction::Connections, [
        "The app was removed on Facebook",
        "The person removed it under Business Integrations, or another connection of theirs was ended together with this one.",
        "Reconnect if that was not meant. Chosen ad accounts are kept."]),
    say(Code::DataAccessExpired, ResponsibleParty::Person, CallToAction::Connections, [
        "Facebook’s 90-day access ended",
        "For Instagram, Facebook asks the person to confirm every 90 days. Ads and Pages are not affected.",
        "The person confirms on Facebook by reconnecting."]),
    // An asset, not the grant.
    say(Code::AccountDisabled, ResponsibleParty::Person, CallToAction::Connections, [
        "Meta disabled this ad account",
        "Meta stopped the ad account. The connection itself is fine.",
        "Open Account Quality on Meta: it says why and how to ask for a review."]),
    say(Code::AccountUnsettled, ResponsibleParty::Person, CallToAction::Connections, [
        "A payment is due",
        "Ads are stopped until the bill is paid. The connection itself is fine.",
        "Pay under Billing on Meta. The ad account can be chosen all the same."]),
    say(Code::AccountPendingReview, ResponsibleParty::Meta, CallToAction::Connections, [
        "Meta is reviewing this ad account",
        "Meta looks at the ad account before it lets ads run.",
        "Wait for Meta. The ad account can be chosen all the same."]),
    say(Code::AccountInGracePeriod, ResponsibleParty::Person, CallToAction::Connections, [
        "A payment failed",
        "Ads still run, for some days. Then Meta stops them.",
        "Check the payment method under Billing on Meta."]),
    say(Code::AccountClosed, ResponsibleParty::Nobody, CallToAction::Connections, [
        "This ad account is closed",
        "Meta does not reopen closed accounts.",
        "Choose another ad account."]),
    say(Code::RoleLost, ResponsibleParty::Person, CallToAction::Connections, [
        "The role is too low",
        "The person may no longer do this on the ad account or Page.",
        "An admin of the business gives the person a role in Meta Business Suite."]),
    say(Code::AssetUnreachable, ResponsibleParty::Person, CallToAction::Connections, [
        "This connection no longer reaches it",
        "It was there before, and the newest reading did not show it: it was unticked on Facebook, moved, or the person lost the role.",
        "Add it on Facebook by connecting again, or ask an admin of the business. Then read the accounts again."]),
    say(Code::InstagramNotProfessional, ResponsibleParty::Person, CallToAction::Connections, [
        "This Instagram account is a personal one",
        "Meta opens only professional Instagram accounts to programs.",
        "Switch it to a professional account in the Instagram app."]),
    say(Code::InstagramNotLinked, ResponsibleParty::Person, CallToAction::Connections, [
        "This Instagram account has no Page",
        "Meta reaches it only through a Facebook Page that it is linked to.",
        "Link it to a Page in the Page’s settings, then read the accounts again."]),
    // Ours.
    say(Code::SealedValueUnreadable, ResponsibleParty::Admin, CallToAction::Connections, [
        "The stored access cannot be read",
        "A value in the database does not open: its key is missing, or it was changed or moved. Nothing was sent to Meta.",
        "Tell your admin, with the support id. They check ENCRYPTION_KEY; if the key is lost, the person connects again."]),
    say(Code::DatabaseUnavailable, ResponsibleParty::Admin, CallToAction::Connections, [
        "We cannot reach our memory right now",
        "This site’s database does not answer, is full, or takes no changes. Nothing was half done.",
        "Try again in a minute. If it stays, tell your admin."]),
    say(Code::RateLimited, ResponsibleParty::You, CallToAction::Connections, [
        "Too many attempts",
        "For safety we pause after many attempts.",
        "Wait 15 minutes and try again."]),
    say(Code::NotFound, ResponsibleParty::You, CallToAction::Connections, [
        "There is nothing here",
        "The address is wrong, or what it named is gone or not yours.",
        "Go to your connections and look from there."]),
    say(Code::Unauthorized, ResponsibleParty::You, CallToAction::SignIn, [
        "Sign in first",
        "This needs somebody who is signed in.",
        "Sign in; you come back to where you wanted to go."]),
    say(Code::Forbidden, ResponsibleParty::You, CallToAction::Connections, [
        "That came from somewhere else",
        "The request was made by another site, or needs a role that you do not have. Nothing was changed.",
        "Open this site directly and press the button there."]),
    say(Code::InvalidRequest, ResponsibleParty::You, CallToAction::Connections, [
        "We could not read that request",
        "A part of it was missing, too long or not of the right form. Nothing was changed.",
        "Go back and try again."]),
    say(Code::Conflict, ResponsibleParty::You, CallToAction::Connections, [
        "Somebody was faster",
        "What you wanted to change was changed a moment before. Nothing was overwritten.",
        "Look again and repeat it if it is still needed."]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words_of_its_own() {
        for words in CATALOGUE {
            assert!(words.title.chars().count() <= 60, "{} is too long a title", words.code.as_str());
            assert!(!words.cause.is_empty() && !words.remedy.is_empty(), "{}", words.code.as_str());
        }
        for code in Code::ALL {
            assert_eq!(CATALOGUE.iter().filter(|text| text.code == *code).count(), 1, "{}", code.as_str());
        }
    }

    #[test]
    fn nothing_is_said_in_words_that_only_we_know() {
        for words in CATALOGUE {
            let said = format!("{} {} {}", words.title, words.cause, words.remedy).to_lowercase();
            for jargon in ["token", "oauth", "scope", "credential", "oops", "please", "invalid", "!"] {
                assert!(!said.contains(jargon), "{} says {jargon}", words.code.as_str());
            }
        }
    }
}
