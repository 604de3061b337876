//! Which quotas a call counts against.

use aws_lc_rs::digest;

use crate::endpoint::Host;
use crate::usage::{Quota, ReportedQuota};

/// The keys of the quotas of one call, in the form of [`QuotaState::key`](super::report::QuotaState::key).
#[derive(Debug, Clone)]
pub(crate) struct QuotaKeys {
    pub app: &'static str,
    /// Empty for a call without a token.
    pub person: String,
    /// The id of the ad account, business, Page or Instagram account at the start of the path.
    object: Option<String>,
    is_ad_account: bool,
}

impl QuotaKeys {
    pub fn for_call(host: Host, path: &str, token: Option<&str>) -> QuotaKeys {
        let head = path.split(['/', '?']).next().unwrap_or_default();
        let digits = head.strip_prefix("act_").unwrap_or(head);
        let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        QuotaKeys {
            app: match host {
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
                format!("object:{object}")
            }
            (Quota::AdAccount | Quota::Page | Quota::UseCase | Quota::Instagram, None)
            | (Quota::Person | Quota::Policy, _) => self.person.clone(),
        }
    }

    /// The key of a quota that a usage header reports on; None: the header does not say whose it is.
    pub fn reported(&self, quota: &ReportedQuota) -> Option<String> {
        match quota {
            ReportedQuota::App => Some(self.app.to_owned()),
            ReportedQuota::AdAccount | ReportedQuota::Insights if self.is_ad_account => {
                Some(format!("ad_account:{}", self.object.as_deref().unwrap_or_default()))
            }
            ReportedQuota::AdAccount | ReportedQuota::Insights => None,
            ReportedQuota::UseCase { object, kind } => Some(format!("use_case:{object}:{kind}")),
            ReportedQuota::Page => Some(self.person.clone()),
        }
    }

    /// Whether a quota of an object, with this key, is of the object that this call is about.
    pub fn is_of_object(&self, key: &str) -> bool {
        let id = key.split(':').nth(1);
        id.is_some() && id == self.object.as_deref()
    }
}

/// Identifies a token without revealing it.
fn fingerprint(token: &str) -> String {
    hex::encode(&digest::digest(&digest::SHA256, token.as_bytes()).as_ref()[..8])
}
