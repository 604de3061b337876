//! Rate limits that are exhausted for a while: of the app, a user, an ad account, a business use case.
//!
//! A block ends by the clock. A call that counts against an exhausted limit is refused and prolongs the block.

use std::time::Duration;

/// How much a refused call prolongs the block.
const PENALTY_SECONDS: i64 = 10;

/// Calls do not prolong a block beyond this, counted from the call.
const MAX_PROLONGED_SECONDS: i64 = 3_600;

/// A rate limit. Ids of ad accounts with or without `act_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateLimit {
    /// All Graph calls of the app, with any token: code 4, reported by `X-App-Usage` in percent.
    App,
    /// Calls with the tokens of one person or system user: code 17, reported by no header.
    Person(String),
    /// Calls on one ad account: 17/2446079, reported by `X-Ad-Account-Usage` in seconds.
    AdAccount(String),
    /// Calls of one use case on one ad account, business, Page or Instagram account: codes 80000 to 80005,
    /// reported by `X-Business-Use-Case-Usage` in minutes.
    UseCase { id: String, use_case: UseCase },
}

/// Meta's business use cases, as far as calls to the sandbox count against them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseCase {
    AdsInsights,
    /// Only with Page and system user tokens; calls with a user token count against other limits.
    Pages,
    Instagram,
    CustomAudience,
    AdsManagement,
    Leadgen,
}

/// A rate limit that is exhausted now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExhaustedLimit {
    pub limit: RateLimit,
    /// How long the block still lasts, if no call prolongs it.
    pub remaining: Duration,
    /// Calls refused since the limit was exhausted.
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

    /// The name in Meta's header and in the control API.
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
    /// From the names of the control API. Every limit but the app's needs an id.
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

    /// The inverse of `from_key`.
    pub(crate) fn key(&self) -> (&'static str, Option<&str>) {
        match self {
            RateLimit::App => ("app", None),
            RateLimit::Person(id) => ("person", Some(id)),
            RateLimit::AdAccount(id) => ("ad_account", Some(id)),
            RateLimit::UseCase { id, use_case } => (use_case.as_str(), Some(id)),
        }
    }

    /// With the ad account's id as in Meta's headers, without `act_`.
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
struct Block {
    limit: RateLimit,
    ends_at: i64,
    refused_calls: usize,
}

#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    /// Blocks that have ended stay, with their counts, until the same limit is exhausted again.
    blocks: Vec<Block>,
}

/// How far a limit is used, for the headers.
pub(crate) struct Usage {
    /// At least 100 while blocked.
    pub(crate) percent: usize,
    /// Seconds until calls are accepted again.
    pub(crate) seconds_left: i64,
}

impl RateLimits {
    pub(crate) fn exhaust(&mut self, limit: RateLimit, ends_at: i64) {
        let limit = limit.normalized();
        self.blocks.retain(|block| block.limit != limit);
        self.blocks.push(Block { limit, ends_at, refused_calls: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.blocks.clear();
    }

    pub(crate) fn refused_calls(&self, limit: &RateLimit) -> usize {
        let limit = limit.clone().normalized();
        self.blocks.iter().find(|block| block.limit == limit).map_or(0, |block| block.refused_calls)
    }

    pub(crate) fn exhausted(&self, now: i64) -> Vec<ExhaustedLimit> {
        let live = self.blocks.iter().filter(|block| now < block.ends_at);
        live.map(|block| ExhaustedLimit {
            limit: block.limit.clone(),
            remaining: Duration::from_secs(u64::try_from(block.ends_at - now).unwrap_or(0)),
            refused_calls: block.refused_calls,
        })
        .collect()
    }

    /// `None`: the limit is not exhausted.
    pub(crate) fn usage(&self, limit: &RateLimit, now: i64) -> Option<Usage> {
        let block = self.blocks.iter().find(|block| block.limit == *limit && now < block.ends_at)?;
        Some(Usage { percent: 100 + block.refused_calls, seconds_left: block.ends_at - now })
    }

    /// The first of these limits that is exhausted. Counts the refused call and prolongs the block.
    pub(crate) fn refuse(&mut self, counted: &[RateLimit], now: i64) -> Option<RateLimit> {
        let limit = counted.iter().find(|limit| self.usage(limit, now).is_some())?;
        let block = self.blocks.iter_mut().find(|block| block.limit == *limit)?;
        block.refused_calls += 1;
        block.ends_at = block.ends_at.max((block.ends_at + PENALTY_SECONDS).min(now + MAX_PROLONGED_SECONDS));
        Some(block.limit.clone())
    }
}
