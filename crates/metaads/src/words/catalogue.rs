//! The error catalogue: each stable code with its title, cause, who must act and what to do.

/// Stable codes that people and programs see. More may come; none changes its meaning.
#[expect(clippy::enum_variant_names, reason = "a variant is its stable code in another spelling")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Cancelled,
    AppNotActive,
    StateExpired,
    StateUsed,
    WrongSession,
    CodeRefused,
    ForeignToken,
    WrongPerson,
    PermissionsMissing,
    PermissionExpired,
    NoAdAccounts,
    MetaUnavailable,
    MetaRateLimited,
    MetaAppMisconfigured,
    TokenExpired,
    PasswordChanged,
    SessionInvalid,
    Checkpoint,
    UserUnconfirmed,
    AppRemoved,
    DataAccessExpired,
    AccountDisabled,
    AccountUnsettled,
    AccountPendingReview,
    AccountInGracePeriod,
    AccountClosed,
    RoleLost,
    AssetUnreachable,
    InstagramNotProfessional,
    InstagramNotLinked,
    SealedValueUnreadable,
    DatabaseUnavailable,
    RateLimited,
    NotFound,
    Unauthorized,
    Forbidden,
    InvalidRequest,
    Conflict,
}

/// Who has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    You,
    Person,
    Meta,
    Admin,
    Nobody,
}

/// The one button of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Connect,
    SignIn,
    Connections,
    /// Nothing to press here that would help.
    None,
}

/// What is said of a code.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    pub code: Code,
    pub key: &'static str,
    pub title: &'static str,
    /// What happened, plainly.
    pub cause: &'static str,
    pub who: Who,
    pub remedy: &'static str,
    pub act: Act,
}

impl Who {
    /// The line above the title.
    pub fn line(self) -> &'static str {
        match self {
            Who::You => "Up to you",
            Who::Person => "The person who connected must act",
            Who::Meta => "On Meta’s side; nothing for you to fix",
            Who::Admin => "Your admin must act",
            Who::Nobody => "Nobody has to do anything",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            Who::You => "undo-2",
            Who::Person => "user",
            Who::Meta => "hourglass",
            Who::Admin => "wrench",
            Who::Nobody => "info",
        }
    }
}

impl Code {
    pub fn as_str(self) -> &'static str {
        self.words().key
    }

    pub fn from_text(text: &str) -> Option<Code> {
        CATALOGUE.iter().find(|words| words.key == text).map(|words| words.code)
    }

    pub fn words(self) -> &'static Words {
        CATALOGUE
            .iter()
            .find(|words| words.code == self)
            .expect("a test sees to it that every code has words")
    }

    /// Every code, in the catalogue's order.
    pub fn all() -> impl Iterator<Item = Code> {
        CATALOGUE.iter().map(|words| words.code)
    }
}

const fn say(
    code: Code,
    key: &'static str,
    who: Who,
    act: Act,
    [title, cause, remedy]: [&'static str; 3],
) -> Words {
    Words { code, key, title, cause, who, remedy, act }
}

#[rustfmt::skip]
static CATALOGUE: &[Words] = &[
    // While connecting.
    say(Code::Cancelled, "cancelled", Who::You, Act::Connect, [
        "You chose not to connect",
        "Nothing is connected, and Facebook gave us nothing.",
        "If that was a slip, press Continue with Facebook. Otherwise there is nothing to do."]),
    say(Code::AppNotActive, "app_not_active", Who::Admin, Act::Connections, [
        "Facebook hasn’t opened this app to you",
        "The Meta app behind this site is still in development mode, or Meta has closed it for now.",
        "Give your admin this page’s code and support id. In the Meta app’s dashboard they switch the app to Live, or give you a role on it."]),
    say(Code::StateExpired, "state_expired", Who::You, Act::Connect, [
        "That took longer than 10 minutes",
        "For safety, each attempt ends after 10 minutes, and a link from Facebook works only for the attempt it belongs to. Nothing was connected.",
        "Start again; it takes about 30 seconds."]),
    say(Code::StateUsed, "state_used", Who::Nobody, Act::Connections, [
        "This step is already done",
        "The link from Facebook was opened twice. The first time counted.",
        "Go on to your connections."]),
    say(Code::WrongSession, "wrong_session", Who::You, Act::SignIn, [
        "Sign in to finish connecting",
        "You were signed out while on Facebook, or came back in another browser. Nothing was connected.",
        "Sign in here, then press Connect Meta Account once more. Facebook remembers what you agreed to."]),
    say(Code::CodeRefused, "code_refused", Who::You, Act::Connect, [
        "Facebook’s answer was no longer valid",
        "Facebook gave us a one-time pass, and Meta did not accept it any more. That happens after a long wait or a reload. Nothing was connected.",
        "Start again. If it happens each time, give your admin the support id."]),
    say(Code::ForeignToken, "foreign_token", Who::Admin, Act::Connections, [
        "What came back was not meant for this site",
        "Meta’s answer belonged to another app or another person, so nothing of it was kept.",
        "Start again from this site. If it happens twice, tell your admin: somebody may be trying to pass you a foreign login."]),
    say(Code::WrongPerson, "wrong_person", Who::You, Act::Connect, [
        "That was somebody else",
        "This connection belongs to another person than the one who signed in on Facebook. Nothing was changed.",
        "Sign in on Facebook as the right person, or connect the other person as well."]),
    say(Code::PermissionsMissing, "permissions_missing", Who::Person, Act::Connect, [
        "Connected, but permissions are missing",
        "Some permissions were unticked on Facebook, or taken back later.",
        "Ask again and leave them ticked. What works without them goes on working."]),
    say(Code::PermissionExpired, "permission_expired", Who::Person, Act::Connections, [
        "A permission lapsed",
        "Facebook takes back a permission that was not used for 90 days. What works without it goes on.",
        "Ask the person again: they confirm on Facebook, and it is back."]),
    say(Code::NoAdAccounts, "no_ad_accounts", Who::You, Act::Connect, [
        "Facebook showed us no ad accounts",
        "The connection is there, but no ad account came with it: none was ticked, or the person has a role on none.",
        "Tick the businesses you want in the Facebook window, sign in as someone who manages the ads, or have an admin of the business give the person a role."]),
    say(Code::MetaUnavailable, "meta_unavailable", Who::Meta, Act::Connect, [
        "Meta isn’t answering right now",
        "Meta did not finish its part in time. Nothing is connected yet and nothing is lost.",
        "Wait a few minutes and try again. Facebook remembers what you agreed to."]),
    say(Code::MetaRateLimited, "meta_rate_limited", Who::Meta, Act::Connections, [
        "Meta asks us to slow down",
        "This site has asked Meta more than Meta allows within an hour. Nothing is lost.",
        "Try again in an hour. Your admin can see the limits."]),
    say(Code::MetaAppMisconfigured, "meta_app_misconfigured", Who::Admin, Act::Connections, [
        "This site isn’t set up for Meta yet",
        "Meta refused our app, not you.",
        "Give your admin the support id. They check the app id and secret, the redirect address and the permissions in the Meta app’s dashboard."]),
    // A grant that needs its person.
    say(Code::TokenExpired, "token_expired", Who::Person, Act::Connections, [
        "Facebook’s permission ran out",
        "Facebook’s permission ends after about 60 days unless it is renewed, and this one could not be.",
        "Reconnect: the person signs in once more. Chosen ad accounts are kept."]),
    say(Code::PasswordChanged, "password_changed", Who::Person, Act::Connections, [
        "The Facebook password changed",
        "When somebody changes their Facebook password, Facebook ends all permissions given before.",
        "Reconnect: the person signs in once more. Chosen ad accounts are kept."]),
    say(Code::SessionInvalid, "session_invalid", Who::Person, Act::Connections, [
        "Facebook no longer accepts this connection",
        "Facebook ended it without saying why. Often the person signed out everywhere, or another login replaced it.",
        "Reconnect: the person signs in once more. Chosen ad accounts are kept."]),
    say(Code::Checkpoint, "checkpoint", Who::Person, Act::Connections, [
        "Facebook wants to be sure who it is",
        "Facebook asks the person to confirm something on facebook.com before it lets anybody act for them.",
        "The person opens facebook.com and follows what it asks. There is nothing to reconnect."]),
    say(Code::UserUnconfirmed, "user_unconfirmed", Who::Person, Act::Connections, [
        "The Facebook account is not confirmed",
        "Facebook waits for the person to confirm their account.",
        "The person opens facebook.com and confirms. There is nothing to reconnect."]),
    say(Code::AppRemoved, "app_removed", Who::Person, Act::Connections, [
        "The app was removed on Facebook",
        "The person removed it under Business Integrations, or another connection of theirs was ended together with this one.",
        "Reconnect if that was not meant. Chosen ad accounts are kept."]),
    say(Code::DataAccessExpired, "data_access_expired", Who::Person, Act::Connections, [
        "Facebook’s 90-day access ended",
        "For Instagram, Facebook asks the person to confirm every 90 days. Ads and Pages are not affected.",
        "The person confirms on Facebook by reconnecting."]),
    // An asset, not the grant.
    say(Code::AccountDisabled, "account_disabled", Who::Person, Act::Connections, [
        "Meta disabled this ad account",
        "Meta stopped the ad account. The connection itself is fine.",
        "Open Account Quality on Meta: it says why and how to ask for a review."]),
    say(Code::AccountUnsettled, "account_unsettled", Who::Person, Act::Connections, [
        "A payment is due",
        "Ads are stopped until the bill is paid. The connection itself is fine.",
        "Pay under Billing on Meta. The ad account can be chosen all the same."]),
    say(Code::AccountPendingReview, "account_pending_review", Who::Meta, Act::Connections, [
        "Meta is reviewing this ad account",
        "Meta looks at the ad account before it lets ads run.",
        "Wait for Meta. The ad account can be chosen all the same."]),
    say(Code::AccountInGracePeriod, "account_in_grace_period", Who::Person, Act::Connections, [
        "A payment failed",
        "Ads still run, for some days. Then Meta stops them.",
        "Check the payment method under Billing on Meta."]),
    say(Code::AccountClosed, "account_closed", Who::Nobody, Act::Connections, [
        "This ad account is closed",
        "Meta does not reopen closed accounts.",
        "Choose another ad account."]),
    say(Code::RoleLost, "role_lost", Who::Person, Act::Connections, [
        "The role is too low",
        "The person may no longer do this on the ad account or Page.",
        "An admin of the business gives the person a role in Meta Business Suite."]),
    say(Code::AssetUnreachable, "asset_unreachable", Who::Person, Act::Connections, [
        "This connection no longer reaches it",
        "It was there before, and the newest reading did not show it: it was unticked on Facebook, moved, or the person lost the role.",
        "Add it on Facebook by connecting again, or ask an admin of the business. Then read the accounts again."]),
    say(Code::InstagramNotProfessional, "instagram_not_professional", Who::Person, Act::Connections, [
        "This Instagram account is a personal one",
        "Meta opens only professional Instagram accounts to programs.",
        "Switch it to a professional account in the Instagram app."]),
    say(Code::InstagramNotLinked, "instagram_not_linked", Who::Person, Act::Connections, [
        "This Instagram account has no Page",
        "Meta reaches it only through a Facebook Page that it is linked to.",
        "Link it to a Page in the Page’s settings, then read the accounts again."]),
    // Ours.
    say(Code::SealedValueUnreadable, "sealed_value_unreadable", Who::Admin, Act::Connections, [
        "The stored access cannot be read",
        "A value in the database does not open: its key is missing, or it was changed or moved. Nothing was sent to Meta.",
        "Tell your admin, with the support id. They check ENCRYPTION_KEY; if the key is lost, the person connects again."]),
    say(Code::DatabaseUnavailable, "database_unavailable", Who::Admin, Act::Connections, [
        "We cannot reach our memory right now",
        "This site’s database does not answer, is full, or takes no changes. Nothing was half done.",
        "Try again in a minute. If it stays, tell your admin."]),
    say(Code::RateLimited, "rate_limited", Who::You, Act::Connections, [
        "Too many attempts",
        "For safety we pause after many attempts.",
        "Wait 15 minutes and try again."]),
    say(Code::NotFound, "not_found", Who::You, Act::Connections, [
        "There is nothing here",
        "The address is wrong, or what it named is gone or not yours.",
        "Go to your connections and look from there."]),
    say(Code::Unauthorized, "unauthorized", Who::You, Act::SignIn, [
        "Sign in first",
        "This needs somebody who is signed in.",
        "Sign in; you come back to where you wanted to go."]),
    say(Code::Forbidden, "forbidden", Who::You, Act::Connections, [
        "That came from somewhere else",
        "The request was made by another site, or needs a role that you do not have. Nothing was changed.",
        "Open this site directly and press the button there."]),
    say(Code::InvalidRequest, "invalid_request", Who::You, Act::Connections, [
        "We could not read that request",
        "A part of it was missing, too long or not of the right form. Nothing was changed.",
        "Go back and try again."]),
    say(Code::Conflict, "conflict", Who::You, Act::Connections, [
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
            assert_eq!(Code::from_text(words.key), Some(words.code));
            assert!(words.title.chars().count() <= 60, "{} is too long a title", words.key);
            assert!(!words.cause.is_empty() && !words.remedy.is_empty(), "{}", words.key);
        }
        // The last variant's number plus one is how many there are.
        assert_eq!(CATALOGUE.len(), Code::Conflict as usize + 1);
    }

    #[test]
    fn nothing_is_said_in_words_that_only_we_know() {
        for words in CATALOGUE {
            let said = format!("{} {} {}", words.title, words.cause, words.remedy).to_lowercase();
            for jargon in ["token", "oauth", "scope", "credential", "oops", "please", "invalid", "!"] {
                assert!(!said.contains(jargon), "{} says {jargon}", words.key);
            }
        }
    }
}
