//! What the app has subscribed to, and what was sent to it.

/// One call from Meta to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `deauthorize`, `data_deletion` or the object of the webhook.
    pub kind: String,
    pub url: String,
    /// 0: no response.
    pub status: u16,
    pub answer: String,
}

/// A webhook object the app has subscribed to.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) object: String,
    pub(crate) callback_url: String,
    pub(crate) fields: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) deauthorize_url: Option<String>,
    pub(crate) deletion_url: Option<String>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) deliveries: Vec<Delivery>,
}
