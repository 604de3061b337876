//! Allowances that are used up for a while: of the app, of a person, of an ad account, of a business use case.
//!
//! A block ends by the clock. A call that draws on it meanwhile is refused and prolongs it a little.

use std::time::Duration;

use crate::envelope::GraphError;
use crate::faults::Endpoint;
use crate::params::Request;
use crate::shared::Shared;
use crate::viewer::{self, Found};
use crate::world::Node;

/// Seconds by which a call made while blocked prolongs the block.
const PENALTY: i64 = 10;
/// Seconds beyond which calls do not prolong it.
const LONGEST: i64 = 3_600;
/// The subcode of the limits that belong to one ad account.
const AD_ACCOUNT: i64 = 2_446_079;

/// An allowance that can be used up. Ids of ad accounts with or without `act_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
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
pub struct Block {
    pub limit: Limit,
    /// How long it still lasts, if nobody calls meanwhile.
    pub left: Duration,
    /// Calls refused since it was used up.
    pub refused: usize,
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
    pub(crate) fn word(self) -> &'static str {
        match self {
            UseCase::AdsInsights => "ads_insights",
            UseCase::Pages => "pages",
            UseCase::Instagram => "instagram",
            UseCase::CustomAudience => "custom_audience",
            UseCase::AdsManagement => "ads_management",
            UseCase::Leadgen => "leadgen",
        }
    }

    /// Code, subcode, and whose calls were too many.
    fn error(self) -> (i64, Option<i64>, &'static str) {
        match self {
            UseCase::AdsInsights => (80_000, Some(AD_ACCOUNT), "from this ad-account"),
            UseCase::Pages => (80_001, None, "to this Page account"),
            UseCase::Instagram => (80_002, None, "to this Instagram account"),
            UseCase::CustomAudience => (80_003, Some(AD_ACCOUNT), "to this ad-account"),
            UseCase::AdsManagement => (80_004, Some(AD_ACCOUNT), "to this ad-account"),
            UseCase::Leadgen => (80_005, None, "to this Page account"),
        }
    }
}

impl Limit {
    /// By the words of the control page; every limit but the app's needs an id.
    pub(crate) fn named(word: &str, id: &str) -> Option<Limit> {
        let id = id.to_owned();
        match word {
            "app" => Some(Limit::App),
            _ if id.is_empty() => None,
            "person" => Some(Limit::Person(id)),
            "ad_account" => Some(Limit::AdAccount(id)),
            other => {
                let use_case = UseCase::ALL.into_iter().find(|use_case| use_case.word() == other)?;
                Some(Limit::UseCase { id, use_case })
            }
        }
    }

    /// The word and the id for `named`.
    pub(crate) fn words(&self) -> (&'static str, Option<&str>) {
        match self {
            Limit::App => ("app", None),
            Limit::Person(id) => ("person", Some(id)),
            Limit::AdAccount(id) => ("ad_account", Some(id)),
            Limit::UseCase { id, use_case } => (use_case.word(), Some(id)),
        }
    }

    /// With the ad account's id as Meta's headers write it.
    fn bare(self) -> Limit {
        let bare = |id: String| id.trim().trim_start_matches("act_").to_owned();
        match self {
            Limit::AdAccount(id) => Limit::AdAccount(bare(id)),
            Limit::UseCase { id, use_case } => Limit::UseCase { id: bare(id), use_case },
            Limit::App | Limit::Person(_) => self,
        }
    }

    fn refusal(&self) -> GraphError {
        match self {
            Limit::App => {
                GraphError { status: 403, ..GraphError::oauth(4, "(#4) Application request limit reached") }
            }
            Limit::Person(_) => GraphError::oauth(17, "(#17) User request limit reached"),
            Limit::AdAccount(_) => GraphError {
                subcode: Some(AD_ACCOUNT),
                ..GraphError::oauth(17, "(#17) User request limit reached")
            },
            Limit::UseCase { use_case, .. } => {
                let (code, subcode, whose) = use_case.error();
                let message = format!(
                    "(#{code}) There have been too many calls {whose}. Wait a bit and try again. For more info, \
                     please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
                );
                GraphError { subcode, ..GraphError::oauth(code, message) }
            }
        }
    }
}

#[derive(Debug)]
struct UsedUp {
    limit: Limit,
    ends_at: i64,
    refused: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// Ended ones stay, with their counts, until the same allowance is used up anew.
    blocks: Vec<UsedUp>,
}

/// How far an allowance is used, for the headers.
pub(crate) struct Usage {
    /// Of the allowance; at least 100 while blocked.
    pub(crate) percent: usize,
    /// Seconds until calls go again.
    pub(crate) left: i64,
}

impl Limits {
    pub(crate) fn use_up(&mut self, limit: Limit, ends_at: i64) {
        let limit = limit.bare();
        self.blocks.retain(|block| block.limit != limit);
        self.blocks.push(UsedUp { limit, ends_at, refused: 0 });
    }

    pub(crate) fn lift(&mut self) {
        self.blocks.clear();
    }

    pub(crate) fn refused(&self, limit: &Limit) -> usize {
        let limit = limit.clone().bare();
        self.blocks.iter().find(|block| block.limit == limit).map_or(0, |block| block.refused)
    }

    pub(crate) fn list(&self, now: i64) -> Vec<Block> {
        let live = self.blocks.iter().filter(|block| now < block.ends_at);
        live.map(|block| Block {
            limit: block.limit.clone(),
            left: Duration::from_secs(u64::try_from(block.ends_at - now).unwrap_or(0)),
            refused: block.refused,
        })
        .collect()
    }

    /// `None`: nobody has used it up.
    pub(crate) fn usage(&self, limit: &Limit, now: i64) -> Option<Usage> {
        let block = self.blocks.iter().find(|block| block.limit == *limit && now < block.ends_at)?;
        Some(Usage { percent: 100 + block.refused, left: block.ends_at - now })
    }

    /// The first of these allowances that is used up; being asked for it prolongs the block.
    fn refuse(&mut self, drawn: &[Limit], now: i64) -> Option<GraphError> {
        let limit = drawn.iter().find(|limit| self.usage(limit, now).is_some())?;
        let block = self.blocks.iter_mut().find(|block| block.limit == *limit)?;
        block.refused += 1;
        block.ends_at = block.ends_at.max((block.ends_at + PENALTY).min(now + LONGEST));
        Some(block.limit.refusal())
    }
}

/// Meta's refusal, if the call draws on an allowance that is used up.
pub(crate) fn refusal(shared: &Shared, request: &Request, endpoint: Endpoint) -> Option<GraphError> {
    let now = shared.clock.now_seconds();
    if shared.limits().list(now).is_empty() {
        return None;
    }
    let drawn = drawn(shared, request, endpoint, now);
    shared.limits().refuse(&drawn, now)
}

/// What a call draws on. Instagram's own hosts belong to another app, and pictures to no limit.
fn drawn(shared: &Shared, request: &Request, endpoint: Endpoint, now: i64) -> Vec<Limit> {
    let is_elsewhere = matches!(
        endpoint,
        Endpoint::InstagramToken
            | Endpoint::InstagramExchange
            | Endpoint::InstagramRefresh
            | Endpoint::InstagramMe
    );
    if is_elsewhere || request.segment(0) == "picture" {
        return Vec::new();
    }
    let mut drawn = vec![Limit::App];
    if let Some(account) = request.segment(0).strip_prefix("act_") {
        drawn.push(Limit::AdAccount(account.to_owned()));
    }
    if let Some((id, use_case)) = use_case(shared, request) {
        drawn.push(Limit::UseCase { id, use_case });
    }
    if let Some(Found { token, page: None }) = sender(shared, request)
        && token.refusal(now).is_none()
    {
        drawn.push(Limit::Person(token.user_id));
    }
    drawn
}

fn sender(shared: &Shared, request: &Request) -> Option<Found> {
    request.params.get("access_token").and_then(|token| viewer::look_up(shared, token))
}

/// The business use case of a call, and the id it is counted under.
pub(crate) fn use_case(shared: &Shared, request: &Request) -> Option<(String, UseCase)> {
    let edge = request.segment(1);
    if let Some(account) = request.segment(0).strip_prefix("act_") {
        let use_case = match edge {
            "insights" => UseCase::AdsInsights,
            "customaudiences" => UseCase::CustomAudience,
            _ => UseCase::AdsManagement,
        };
        return Some((account.to_owned(), use_case));
    }
    let node = shared.world.find(request.segment(0))?;
    let use_case = match node {
        Node::Business(_) => UseCase::AdsManagement,
        Node::Instagram(_) => UseCase::Instagram,
        Node::Page(_) if is_of_a_person(shared, request) => return None,
        Node::Page(_) if edge == "leadgen_forms" => UseCase::Leadgen,
        Node::Page(_) => UseCase::Pages,
        Node::Person(_) | Node::Account(_) => return None,
    };
    Some((shared.world.id(node), use_case))
}

fn is_of_a_person(shared: &Shared, request: &Request) -> bool {
    let found = sender(shared, request);
    found.is_none_or(|found| {
        let user = shared.world.person(&found.token.user_id);
        found.page.is_none() && user.is_none_or(|user| shared.world.people[user].business.is_none())
    })
}
