//! How much of Meta's allowances is used, from the headers of an answer. Source: "Rate limiting" of Graph
//! API and Marketing API. Percentages go beyond 100; `estimated_time_to_regain_access` is minutes,
//! `reset_time_duration` seconds; values may be missing or null. There is no Retry-After.

use serde_json::Value;

use crate::json;
use crate::meaning::Budget;

const MINUTE_MS: i64 = 60_000;
/// No block lasts longer than the rolling hour, whatever a header says.
const LONGEST_MS: i64 = 60 * MINUTE_MS;

/// Headers of an answer or of an item of a batch, names in lower case.
#[derive(Debug, Default)]
pub(crate) struct Headers(Vec<(String, String)>);

/// What one answer told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    pub marks: Vec<Mark>,
    /// The Marketing API's access tier, in Meta's word (`development_access`, `standard_access`).
    pub tier: Option<String>,
}

/// How full one allowance is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub allowance: Allowance,
    /// The highest of its percentages, rounded up.
    pub percent: u32,
    /// When calls are let through again, where Meta says so.
    pub regain_ms: Option<i64>,
}

/// Which allowance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Allowance {
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

impl Headers {
    pub fn of_http(headers: &reqwest::header::HeaderMap) -> Headers {
        let text =
            |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Headers(headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect())
    }

    /// `[{"name", "value"}]`, as items of a batch carry them; an object is taken as well.
    pub fn of_json(value: Option<&Value>) -> Headers {
        let own = |text: &str| text.chars().take(8_000).collect::<String>();
        let pairs = match value {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| {
                    Some((
                        item.get("name")?.as_str()?.to_ascii_lowercase(),
                        own(item.get("value")?.as_str()?),
                    ))
                })
                .collect(),
            Some(Value::Object(map)) => map
                .iter()
                .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), own(value.as_str()?))))
                .collect(),
            _ => Vec::new(),
        };
        Headers(pairs)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.get(name)?).ok()
    }
}

impl Usage {
    pub(crate) fn read(headers: &Headers) -> Usage {
        let mut usage = Usage::default();
        let whole = |allowance, value: Value| Mark::read(allowance, &value);
        usage.marks.extend(headers.json("x-app-usage").map(|value| whole(Allowance::App, value)));
        usage.marks.extend(headers.json("x-page-usage").map(|value| whole(Allowance::Page, value)));
        for (name, allowance) in [
            ("x-ad-account-usage", Allowance::AdAccount),
            ("x-fb-ads-insights-throttle", Allowance::Insights),
        ] {
            if let Some(value) = headers.json(name) {
                usage.tier = json::text(&value, "ads_api_access_tier").or(usage.tier);
                usage.marks.push(Mark::read(allowance, &value));
            }
        }
        if let Some(Value::Object(objects)) = headers.json("x-business-use-case-usage") {
            for (object, kinds) in objects.iter().filter(|(object, _)| object.len() <= 64) {
                for kind in kinds.as_array().into_iter().flatten() {
                    usage.tier = json::text(kind, "ads_api_access_tier").or(usage.tier);
                    let allowance = Allowance::UseCase {
                        object: object.trim_start_matches("act_").to_owned(),
                        kind: json::text(kind, "type").unwrap_or_default().chars().take(40).collect(),
                    };
                    usage.marks.push(Mark::read(allowance, kind));
                }
            }
        }
        usage
    }

    /// How long to make no call after a limit was met: what Meta says, else what is known of the allowance.
    pub(crate) fn pause_ms(&self, budget: Budget) -> i64 {
        let fits = |mark: &&Mark| {
            matches!(
                (budget, &mark.allowance),
                (Budget::App | Budget::Person, Allowance::App)
                    | (
                        Budget::AdAccount,
                        Allowance::AdAccount | Allowance::Insights | Allowance::UseCase { .. }
                    )
                    | (Budget::Page, Allowance::Page | Allowance::UseCase { .. })
                    | (Budget::UseCase | Budget::Instagram, Allowance::UseCase { .. })
            )
        };
        let said = self.marks.iter().filter(fits).filter_map(|mark| mark.regain_ms).max();
        let known = match budget {
            Budget::App | Budget::Person | Budget::AdAccount | Budget::Page | Budget::UseCase => {
                10 * MINUTE_MS
            }
            Budget::Instagram | Budget::Policy => LONGEST_MS,
        };
        said.map_or(known, |said| said.clamp(MINUTE_MS, LONGEST_MS))
    }
}

impl Mark {
    fn read(allowance: Allowance, value: &Value) -> Mark {
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
        // Saturates: a float beyond the range becomes the largest number.
        let percent = highest.ceil() as u32;
        let minutes = json::whole(value, "estimated_time_to_regain_access").filter(|minutes| *minutes > 0);
        let seconds = json::whole(value, "reset_time_duration").filter(|seconds| *seconds > 0);
        let regain_ms = minutes
            .map(|minutes| minutes.saturating_mul(MINUTE_MS))
            .or(seconds.map(|seconds| seconds.saturating_mul(1000)));
        Mark { allowance, percent, regain_ms }
    }

    /// Whether calls are refused now. A regain time alone is no block: it was seen at 19 %.
    pub fn is_full(&self) -> bool {
        self.percent >= 100
    }
}
