//! Allowances that are used up for a while: of the app, of a person, of an ad account, of a business use case.
//!
//! A block ends by the clock. A call that draws on it meanwhile is refused and prolongs it a little.

use std::time::Duration;

/// Seconds by which a call made while blocked prolongs the block.
const PENALTY_SECONDS: i64 = 10;

/// Seconds beyond which calls do not prolong it.
const MAX_PROLONGED_SECONDS: i64 = 3_600;

/// An allowance that can be used up. Ids of ad accounts with or without `act_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateLimit {
    /// Every Graph call of the app, whoever's token it carries: code 4, told by `X-App-Usage` in percent.
    App,
    /// Calls with the tokens of one person or system user: code 17; no header tells.
    Person(String),
    /// Calls on one ad account: 17/2446079, told by `X-Ad-Account-Usage` in seconds.
    AdAccount(String),
    /// Calls of one kind on one ad account, business, Page or Instagram account: codes 80000 to 80005, told by
    /// `X-Business-Use-Case-Usage` in minutes.
    UseCase { id: String, use_case: UseCase },
}

/// Meta's business use cases, as far as anything here draws on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseCase {
    AdsInsights,
    /// Only with tokens of Pages and system users; with a person's the call draws on other limits.
    Pages,
    Instagram,
    CustomAudience,
    AdsManagement,
    Leadgen,
}

/// An allowance that is used up now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExhaustedLimit {
    pub limit: RateLimit,
    /// How long it still lasts, if nobody calls meanwhile.
    pub remaining: Duration,
    /// Calls refused since it was used up.
    pub refused_calls: usize,
}

impl UseCase {
    pub(crate) const ALL: [UseCase; 6] = [
        UseCase::AdsManagement,
        UseCase::AdsInsights,
        UseCase::CustomAudience,
        UseCase::Pages,
        UseCase::Instagram,
        UseCase::Leadgen,
    ];

    /// Meta's word, in its header and in our forms.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            UseCase::AdsInsights => "ads_insights",
            UseCase::Pages => "pages",
            UseCase::Instagram => "instagram",
            UseCase::CustomAudience => "custom_audience",
            UseCase::AdsManagement => "ads_management",
            UseCase::Leadgen => "leadgen",
        }
    }
}

impl RateLimit {
    /// By the words of the control page; every limit but the app's needs an id.
    pub(crate) fn from_key(key: &str, id: &str) -> Option<RateLimit> {
        let id = id.to_owned();
        match key {
            "app" => Some(RateLimit::App),
            _ if id.is_empty() => None,
            "person" => Some(RateLimit::Person(id)),
            "ad_account" => Some(RateLimit::AdAccount(id)),
            other => {
                let use_case = UseCase::ALL.into_iter().find(|use_case| use_case.as_str() == other)?;
                Some(RateLimit::UseCase { id, use_case })
            }
        }
    }

    /// The word and the id for `named`.
    pub(crate) fn key(&self) -> (&'static str, Option<&str>) {
        match self {
            RateLimit::App => ("app", None),
            RateLimit::Person(id) => ("person", Some(id)),
            RateLimit::AdAccount(id) => ("ad_account", Some(id)),
            RateLimit::UseCase { id, use_case } => (use_case.as_str(), Some(id)),
        }
    }

    /// With the ad account's id as Meta's headers write it.
    fn normalized(self) -> RateLimit {
        let bare = |id: String| id.trim().trim_start_matches("act_").to_owned();
        match self {
            RateLimit::AdAccount(id) => RateLimit::AdAccount(bare(id)),
            RateLimit::UseCase { id, use_case } => RateLimit::UseCase { id: bare(id), use_case },
            RateLimit::App | RateLimit::Person(_) => self,
        }
    }
}

#[derive(Debug)]
struct Exhaustion {
    limit: RateLimit,
    ends_at: i64,
    refused_calls: usize,
}

#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    /// Ended ones stay, with their counts, until the same allowance is used up anew.
    exhausted: Vec<Exhaustion>,
}

/// How far an allowance is used, for the headers.
pub(crate) struct Usage {
    /// Of the allowance; at least 100 while blocked.
    pub(crate) percent: usize,
    /// Seconds until calls go again.
    pub(crate) seconds_left: i64,
}

impl RateLimits {
    pub(crate) fn exhaust(&mut self, limit: RateLimit, ends_at: i64) {
        let limit = limit.normalized();
        self.exhausted.retain(|block| block.limit != limit);
        self.exhausted.push(Exhaustion { limit, ends_at, refused_calls: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.exhausted.clear();
    }

    pub(crate) fn refused_calls(&self, limit: &RateLimit) -> usize {
        let limit = limit.clone().normalized();
        self.exhausted.iter().find(|block| block.limit == limit).map_or(0, |block| block.refused_calls)
    }

    pub(crate) fn exhausted(&self, now: i64) -> Vec<ExhaustedLimit> {
        let live = self.exhausted.iter().filter(|block| now < block.ends_at);
        live.map(|block| ExhaustedLimit {
            limit: block.limit.clone(),
            remaining: Duration::from_secs(u64::try_from(block.ends_at - now).unwrap_or(0)),
            refused_calls: block.refused_calls,
        })
        .collect()
    }

    /// `None`: nobody has used it up.
    pub(crate) fn usage(&self, limit: &RateLimit, now: i64) -> Option<Usage> {
        let block = self.exhausted.iter().find(|block| block.limit == *limit && now < block.ends_at)?;
        Some(Usage { percent: 100 + block.refused_calls, seconds_left: block.ends_at - now })
    }

    /// The first of these allowances that is used up; being asked for it prolongs the block.
    pub(crate) fn refuse(&mut self, counted: &[RateLimit], now: i64) -> Option<RateLimit> {
        let limit = counted.iter().find(|limit| self.usage(limit, now).is_some())?;
        let block = self.exhausted.iter_mut().find(|block| block.limit == *limit)?;
        block.refused_calls += 1;
        block.ends_at = block.ends_at.max((block.ends_at + PENALTY_SECONDS).min(now + MAX_PROLONGED_SECONDS));
        Some(block.limit.clone())
    }
}
