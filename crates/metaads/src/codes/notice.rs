//! One-line notices on the page after a redirect. The key travels in the URL, `?notice=selected`, or in a cookie
//! where the URL is fixed; `messages::notices` has the text.

macro_rules! notices {
    ($($variant:ident = $key:literal,)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Notice { $($variant),+ }

        impl Notice {
            pub fn as_str(self) -> &'static str {
                match self { $(Notice::$variant => $key),+ }
            }

            /// None for a key that we did not put there.
            pub fn from_text(text: &str) -> Option<Notice> {
                match text { $($key => Some(Notice::$variant),)+ _ => None }
            }
        }
    };
}

notices! {
    // After a token check or refresh.
    Renewed = "renewed",
    AccessWorks = "access_works",
    NotRenewed = "not_renewed",
    MetaUnavailable = "meta_unavailable",
    RateLimited = "rate_limited",
    StillBroken = "still_broken",
    NotConnected = "not_connected",
    SyncStarted = "sync_started",
    // After saving a selection.
    Selected = "selected",
    SomeRefused = "some_refused",
    SomeUnanswered = "some_unanswered",
    ConnectionRemoved = "removed",
    Disconnected = "disconnected",
    TokenConnected = "token_connected",
    // Signing in and out.
    SignedIn = "signed_in",
    Registered = "registered",
    SignedOut = "signed_out",
    AccountDeleted = "account_deleted",
    // Settings.
    PasswordChanged = "password",
    SessionEnded = "ended",
    OtherSessionsEnded = "others",
    ThemeSaved = "theme",
    ApiKeyEnded = "key_ended",
    WebhookSaved = "webhook_saved",
    WebhookOn = "webhook_on",
    WebhookOff = "webhook_off",
    WebhookDeleted = "webhook_deleted",
    DeliveryReplayed = "delivery_replayed",
    // Admin.
    EventsReplayed = "replayed",
    DeletionsStarted = "deletions",
}
