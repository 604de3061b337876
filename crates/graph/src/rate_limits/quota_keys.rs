//! Which quotas a call counts against.

use aws_lc_rs::digest;

use crate::endpoint::{Endpoint, Host};
use crate::usage::{Quota, ReportedQuota};

/// Meta's name of the use case of insights.
const INSIGHTS: &str = "ads_insights";

/// The keys of the quotas of one call, in the form of [`QuotaState::key`](super::report::QuotaState::key).
#[derive(Debug, Clone)]
pub(crate) struct QuotaKeys {
    pub app: &'static str,
    /// Empty for a call without a token.
    pub person: String,
    /// The id of the ad account, business, Page or Instagram account at the start of the path.
    object: Option<String>,
    is_ad_account: bool,
    /// Meta's name of the business use case that the call counts against.
    use_case: &'static str,
}

impl QuotaKeys {
    pub fn for_call(endpoint: Endpoint, path: &str, token: Option<&str>) -> QuotaKeys {
        let head = path.split(['/', '?']).next().unwrap_or_default();
        let digits = head.strip_prefix("act_").unwrap_or(head);
        let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        QuotaKeys {
            use_case: endpoint.use_case(),
            app: match endpoint.host() {
                Host::Facebook => "app",
                Host::Instagram | Host::InstagramApi => "instagram app",
            },
            person: token.map(|token| format!("person:{}", fingerprint(token))).unwrap_or_default(),
            object: is_id.then(|| digits.to_owned()),
            is_ad_account: head.starts_with("act_"),
        }
    }

    /// The key of the quota that an error says is used up.
    pub fn exhausted(&self, quota: Quota) -> String {
        match (quota, &self.object) {
            (Quota::App, _) => self.app.to_owned(),
            (Quota::AdAccount | Quota::Page | Quota::UseCase | Quota::Instagram, Some(object)) => {
                format!("use_case:{object}:{}", self.use_case)
            }
            (Quota::AdAccount | Quota::Page | Quota::UseCase | Quota::Instagram, None)
            | (Quota::Person | Quota::Policy, _) => self.person.clone(),
        }
    }

    /// The key of a quota that a usage header reports on; None: the header does not say whose it is.
    pub fn reported(&self, quota: &ReportedQuota) -> Option<String> {
        match quota {
            ReportedQuota::App => Some(self.app.to_owned()),
            ReportedQuota::AdAccount | ReportedQuota::Insights if !self.is_ad_account => None,
            ReportedQuota::AdAccount => {
                Some(format!("ad_account:{}", self.object.as_deref().unwrap_or_default()))
            }
            ReportedQuota::Insights => {
                Some(format!("use_case:{}:{INSIGHTS}", self.object.as_deref().unwrap_or_default()))
            }
            ReportedQuota::UseCase { object, kind } => Some(format!("use_case:{object}:{kind}")),
            ReportedQuota::Page => Some(self.person.clone()),
        }
    }

    /// Whether the call counts against the quota of an object with this key: the object's own, or that of the use case
    /// for the object. A use case without a name may be any.
    pub fn counts_against(&self, key: &str) -> bool {
        let mut parts = key.splitn(3, ':');
        let (kind, id, use_case) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        id.is_some()
            && id == self.object.as_deref()
            && (kind != Some("use_case") || use_case.is_empty() || use_case == self.use_case)
    }
}

/// Identifies a token without revealing it.
fn fingerprint(token: &str) -> String {
    hex::encode(&digest::digest(&digest::SHA256, token.as_bytes()).as_ref()[..8])
}
