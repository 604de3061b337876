//! The books over Meta's limits, versions and unknown answers: what every answer tells beside its body.
//! Before a call they say whether it may go now; what they learn is drained by whoever shares it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::error::Refusal;
use crate::ids::mark;
use crate::meaning::{Budget, Recovery};
use crate::usage::{Allowance, Headers, Usage};
use crate::version::GraphVersion;

/// From here on background work waits, and for how long, so that a person's click still gets through.
const TIGHT: (u32, i64) = (85, 2 * 60_000);
const TIGHTER: (u32, i64) = (95, 10 * 60_000);
/// More allowances than anybody meets in an hour.
const MOST: usize = 50_000;
/// More kinds of unknown answers between two drains than there are codes.
const UNKNOWN_KINDS: usize = 500;
/// What was seen so long ago has decayed: allowances roll over an hour.
pub const DECAYED_MS: i64 = 60 * 60_000;

/// How one allowance stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `app`, `instagram app`, `person:<hash>`, `ad_account:<id>`, `use_case:<id>:<type>`, …
    pub key: String,
    pub percent: u32,
    /// Milliseconds since the epoch; 0: not blocked.
    pub blocked_until: i64,
    pub seen_at: i64,
}

/// Answers that nobody has described, by what they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    pub endpoint: &'static str,
    pub status: u16,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub times: i64,
    /// Of the newest one.
    pub fbtrace_id: Option<String>,
}

/// Everything learned since the books were last drained.
#[derive(Debug, Default)]
pub struct Learned {
    pub standings: Vec<Standing>,
    pub unknown: Vec<Unknown>,
    /// Versions served in place of the pinned one.
    pub served: Option<String>,
    /// Meta's own warning about an Ads API version.
    pub warning: Option<String>,
    /// The Marketing API's access tier, as last seen.
    pub tier: Option<String>,
}

/// Shared by all clones of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    standings: HashMap<String, Standing>,
    learned: Vec<String>,
    unknown: Vec<Unknown>,
    served: Option<String>,
    warning: Option<String>,
    tier: Option<String>,
}

/// What a call draws on.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    app: &'static str,
    person: String,
    /// The id of the ad account, business, Page or Instagram account at the head of the path.
    object: Option<String>,
    is_ad_account: bool,
}

impl Draws {
    pub fn of(path: &str, token: Option<&str>, is_instagram: bool) -> Draws {
        let head = path.split(['/', '?']).next().unwrap_or_default();
        let digits = head.strip_prefix("act_").unwrap_or(head);
        let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        Draws {
            app: if is_instagram { "instagram app" } else { "app" },
            person: token.map(|token| format!("person:{}", mark(token))).unwrap_or_default(),
            object: is_id.then(|| digits.to_owned()),
            is_ad_account: head.starts_with("act_"),
        }
    }

    fn key(&self, budget: Budget) -> String {
        let object = self.object.as_deref().unwrap_or_default();
        match budget {
            Budget::App => self.app.to_owned(),
            Budget::AdAccount | Budget::Page | Budget::UseCase | Budget::Instagram if !object.is_empty() => {
                format!("object:{object}")
            }
            _ => self.person.clone(),
        }
    }

    fn concerns(&self, key: &str) -> bool {
        let is_mine = |key: &str| {
            let id = key.split(':').nth(1);
            id.is_some() && id == self.object.as_deref()
        };
        key == self.app || (!self.person.is_empty() && key == self.person) || is_mine(key)
    }
}

impl Meter {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic happens while this lock is held")
    }

    /// Until when a call has to wait, and for which allowance; None: it may go.
    pub fn wait(&self, draws: &Draws, is_background: bool, now: i64) -> Option<(String, i64)> {
        let state = self.state();
        let until = |standing: &Standing| {
            let pause = match standing.percent {
                _ if !is_background => 0,
                percent if percent >= TIGHTER.0 => TIGHTER.1,
                percent if percent >= TIGHT.0 => TIGHT.1,
                _ => 0,
            };
            standing.blocked_until.max(standing.seen_at + pause)
        };
        // A block that ends later than any was set by a clock that went wrong.
        let open = |until: i64| until > now && until <= now + 2 * DECAYED_MS;
        let keys = [draws.app, draws.person.as_str()].into_iter().filter_map(|key| state.standings.get(key));
        // Few allowances of objects are ever close to their end; only those are kept.
        let mine = state.standings.values().filter(|one| draws.object.is_some() && draws.concerns(&one.key));
        let worst = keys.chain(mine).map(|one| (one.key.clone(), until(one))).filter(|(_, at)| open(*at));
        worst.max_by_key(|(_, at)| *at)
    }

    /// Takes in what an answer told.
    pub fn note(&self, draws: &Draws, usage: &Usage, refusal: Option<&Refusal>, now: i64) {
        let mut state = self.state();
        for mark in &usage.marks {
            let key = match &mark.allowance {
                Allowance::App => draws.app.to_owned(),
                Allowance::AdAccount | Allowance::Insights if draws.is_ad_account => {
                    format!("ad_account:{}", draws.object.as_deref().unwrap_or_default())
                }
                Allowance::UseCase { object, kind } => format!("use_case:{object}:{kind}"),
                Allowance::AdAccount | Allowance::Insights => continue,
                Allowance::Page => draws.person.clone(),
            };
            let blocked =
                if mark.is_full() { now + mark.regain_ms.unwrap_or(60_000).min(DECAYED_MS) } else { 0 };
            state.see(Standing { key, percent: mark.percent, blocked_until: blocked, seen_at: now });
        }
        state.tier = usage.tier.clone().or_else(|| state.tier.take());
        let Some(refusal) = refusal else { return };
        match refusal.recovery() {
            Recovery::Wait(budget) => {
                let until = now + usage.pause_ms(budget);
                state.see(Standing {
                    key: draws.key(budget),
                    percent: 100,
                    blocked_until: until,
                    seen_at: now,
                });
            }
            Recovery::Unknown | Recovery::Bug => state.count(refusal),
            _ => {}
        }
    }

    /// Takes in which version answered.
    pub fn note_version(&self, headers: &Headers, pinned: &GraphVersion) {
        let short =
            |text: &str| text.chars().filter(|letter| !letter.is_control()).take(300).collect::<String>();
        let mut state = self.state();
        // Kept once met: an old version may be replaced on some endpoints only.
        if let Some(served) =
            headers.get("facebook-api-version").filter(|served| *served != pinned.to_string())
        {
            state.served = Some(short(served));
        }
        if let Some(warning) = headers.get("x-ad-api-version-warning") {
            state.warning = Some(short(warning));
        }
    }

    /// What was learned since the last time.
    pub fn drain(&self) -> Learned {
        let mut state = self.state();
        let mut keys = std::mem::take(&mut state.learned);
        keys.sort();
        keys.dedup();
        let standings = keys.iter().filter_map(|key| state.standings.get(key).cloned()).collect();
        Learned {
            standings,
            unknown: std::mem::take(&mut state.unknown),
            served: state.served.clone(),
            warning: state.warning.clone(),
            tier: state.tier.clone(),
        }
    }

    /// Takes in what others have learned, and forgets what has decayed.
    pub fn merge(&self, others: Vec<Standing>, now: i64) {
        let mut state = self.state();
        for other in others {
            let is_newer = state.standings.get(&other.key).is_none_or(|own| own.seen_at < other.seen_at);
            if is_newer {
                state.standings.insert(other.key.clone(), other);
            }
        }
        state.standings.retain(|_, one| one.blocked_until > now || one.seen_at + DECAYED_MS > now);
    }
}

impl State {
    fn see(&mut self, mut standing: Standing) {
        let known = self.standings.get(&standing.key);
        // A block is not lifted by an answer that was under way when it was set.
        if let Some(known) = known {
            standing.blocked_until = standing.blocked_until.max(known.blocked_until);
        }
        let is_tight = standing.percent >= TIGHT.0 || standing.blocked_until > standing.seen_at;
        let is_known = known.is_some();
        let is_app = !standing.key.contains(':');
        let is_worth_keeping = is_tight || is_known || is_app;
        if !is_worth_keeping || (!is_known && self.standings.len() >= MOST) {
            return;
        }
        // The app's own is worth telling when it has moved, not with every call.
        let has_moved = known.is_none_or(|known| known.percent / 10 != standing.percent / 10);
        if is_tight || known.is_some_and(|known| known.percent >= TIGHT.0) || (is_app && has_moved) {
            self.learned.push(standing.key.clone());
        }
        self.standings.insert(standing.key.clone(), standing);
    }

    fn count(&mut self, refusal: &Refusal) {
        let kind = |one: &Unknown| (one.endpoint, one.status, one.code, one.subcode);
        let new = Unknown {
            endpoint: refusal.endpoint,
            status: refusal.status,
            code: refusal.code,
            subcode: refusal.subcode,
            times: 1,
            fbtrace_id: refusal.fbtrace_id.clone(),
        };
        let is_full = self.unknown.len() >= UNKNOWN_KINDS;
        match self.unknown.iter_mut().find(|known| kind(known) == kind(&new)) {
            Some(known) => {
                known.times += 1;
                known.fbtrace_id = new.fbtrace_id.or(known.fbtrace_id.take());
            }
            None if is_full => {}
            None => self.unknown.push(new),
        }
    }
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
