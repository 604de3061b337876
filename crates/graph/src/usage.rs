//! How much of Meta's quotas is used, from the headers of a response. Source: "Rate limiting" of Graph API
//! and Marketing API. Percentages go beyond 100; `estimated_time_to_regain_access` is in minutes,
//! `reset_time_duration` in seconds; values may be missing or null. There is no Retry-After.

use serde_json::Value;

use crate::headers::Headers;
use crate::json;

const MINUTE_MS: i64 = 60_000;
/// Meta's quotas cover a rolling hour, so no block lasts longer, whatever a header says.
const MAX_PAUSE_MS: i64 = 60 * MINUTE_MS;

/// The quota that an error code reports as used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    App,
    /// The person behind the token.
    Person,
    Page,
    AdAccount,
    /// A business use case other than those of ad accounts and Pages.
    UseCase,
    Instagram,
    /// Blocked for what was done, not for how often.
    Policy,
}

/// What the headers of one response report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    pub quotas: Vec<QuotaUsage>,
    /// The Marketing API's access tier, in Meta's word (`development_access`, `standard_access`).
    pub access_tier: Option<String>,
}

/// How much of one quota is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaUsage {
    pub quota: ReportedQuota,
    /// The highest of the header's percentages, rounded up.
    pub percent: u32,
    /// Milliseconds until calls are accepted again, where Meta reports it.
    pub regain_ms: Option<i64>,
}

/// The quota that a header reports on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReportedQuota {
    App,
    /// The ad account that was called; the header does not name it.
    AdAccount,
    /// `object` is a business, ad account, Page or Instagram account; `kind` is `ads_management` and others.
    UseCase {
        object: String,
        kind: String,
    },
    Insights,
    Page,
}

impl Usage {
    pub(crate) fn from_headers(headers: &Headers) -> Usage {
        let mut usage = Usage::default();
        let read = |quota, value: Value| QuotaUsage::from_json(quota, &value);
        usage.quotas.extend(headers.json("x-app-usage").map(|value| read(ReportedQuota::App, value)));
        usage.quotas.extend(headers.json("x-page-usage").map(|value| read(ReportedQuota::Page, value)));
        for (name, quota) in [
            ("x-ad-account-usage", ReportedQuota::AdAccount),
            ("x-fb-ads-insights-throttle", ReportedQuota::Insights),
        ] {
            if let Some(value) = headers.json(name) {
                usage.access_tier = json::text(&value, "ads_api_access_tier").or(usage.access_tier);
                usage.quotas.push(QuotaUsage::from_json(quota, &value));
            }
        }
        if let Some(Value::Object(objects)) = headers.json("x-business-use-case-usage") {
            for (object, kinds) in objects.iter().filter(|(object, _)| object.len() <= 64) {
                for kind in kinds.as_array().into_iter().flatten() {
                    usage.access_tier = json::text(kind, "ads_api_access_tier").or(usage.access_tier);
                    let quota = ReportedQuota::UseCase {
                        object: object.trim_start_matches("act_").to_owned(),
                        kind: json::text(kind, "type").unwrap_or_default().chars().take(40).collect(),
                    };
                    usage.quotas.push(QuotaUsage::from_json(quota, kind));
                }
            }
        }
        usage
    }

    /// Milliseconds to make no call of this use case after Meta refused one: as long as its headers say, else a default.
    pub(crate) fn pause_ms(&self, exhausted: Quota, use_case: &str) -> i64 {
        let is_meant = |usage: &&QuotaUsage| {
            matches!(
                (exhausted, &usage.quota),
                (Quota::App | Quota::Person, ReportedQuota::App)
                    | (Quota::AdAccount, ReportedQuota::AdAccount | ReportedQuota::UseCase { .. })
                    | (Quota::Page, ReportedQuota::Page | ReportedQuota::UseCase { .. })
                    | (Quota::UseCase | Quota::Instagram, ReportedQuota::UseCase { .. })
            )
        };
        let is_own = |usage: &&QuotaUsage| match &usage.quota {
            ReportedQuota::UseCase { kind, .. } => kind.is_empty() || kind == use_case,
            ReportedQuota::App | ReportedQuota::AdAccount | ReportedQuota::Insights | ReportedQuota::Page => {
                true
            }
        };
        let own =
            self.quotas.iter().filter(is_meant).filter(is_own).filter_map(|usage| usage.regain_ms).max();
        let any = || self.quotas.iter().filter(is_meant).filter_map(|usage| usage.regain_ms).max();
        let reported = own.or_else(any);
        let default = match exhausted {
            Quota::App | Quota::Person | Quota::AdAccount | Quota::Page | Quota::UseCase => 10 * MINUTE_MS,
            Quota::Instagram | Quota::Policy => MAX_PAUSE_MS,
        };
        reported.map_or(default, |reported| reported.clamp(MINUTE_MS, MAX_PAUSE_MS))
    }
}

impl QuotaUsage {
    fn from_json(quota: ReportedQuota, value: &Value) -> QuotaUsage {
        let number = |key: &str| match value.get(key)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let keys = [
            "call_count",
            "total_time",
            "total_cputime",
            "call_volume",
            "cpu_time",
            "acc_id_util_pct",
            "app_id_util_pct",
        ];
        let highest = keys.into_iter().filter_map(number).fold(0.0_f64, f64::max);
        // Saturates: a float out of range becomes the largest number.
        let percent = highest.ceil() as u32;
        let minutes = json::whole(value, "estimated_time_to_regain_access").filter(|minutes| *minutes > 0);
        let seconds = json::whole(value, "reset_time_duration").filter(|seconds| *seconds > 0);
        let regain_ms = minutes
            .map(|minutes| minutes.saturating_mul(MINUTE_MS))
            .or(seconds.map(|seconds| seconds.saturating_mul(1000)));
        QuotaUsage { quota, percent, regain_ms }
    }

    /// Whether calls are refused now. A regain time alone is no block: it was seen at 19 %.
    pub fn is_exhausted(&self) -> bool {
        self.percent >= 100
    }
}
