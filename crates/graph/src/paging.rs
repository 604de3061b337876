//! Pages of a list. The address of the next page holds the token and is never followed: what it asks for is
//! taken out of it. Source: "Paginated results".

use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::error::GraphError;
use crate::json;

/// What an address of a next page may ask for; whatever else stands in it is ours or nobody's.
const NAMES: [&str; 6] = ["after", "offset", "since", "until", "__after_id", "__paging_token"];
/// Recorded cursors have up to 900 letters.
const VALUE_LIMIT: usize = 2_000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T> {
    pub items: Vec<T>,
    /// Where the next page begins, absent on the last one: Meta's cursor, or, for a list without cursors
    /// (paged by time or by offset), `?` and the parameters of its next page.
    pub after: Option<String>,
    /// `summary.total_count`, where Meta sends it.
    pub total: Option<i64>,
}

/// The list ends where `paging.next` is absent, not at a short or empty page. `graph` is Meta's base address.
pub(crate) fn read_page<T>(
    endpoint: &'static str,
    body: &Value,
    graph: &Url,
    read: fn(&Value) -> Option<T>,
) -> Result<ListPage<T>, GraphError> {
    let data = body.get("data").and_then(Value::as_array).ok_or(GraphError::Malformed {
        endpoint,
        status: 200,
        reason: "a list without data",
    })?;
    let paging = body.get("paging").unwrap_or(&Value::Null);
    let next = paging.get("next").and_then(Value::as_str);
    let cursor = || paging.get("cursors").and_then(|cursors| json::text(cursors, "after"));
    let after = next.and_then(|next| cursor().or_else(|| parameters(next, graph)));
    if next.is_some() && after.is_none() {
        tracing::warn!(endpoint, "Meta names a next page that cannot be asked for: the list is cut there");
    }
    let total = body.get("summary").and_then(|summary| json::whole(summary, "total_count"));
    Ok(ListPage { items: data.iter().filter_map(read).collect(), after, total })
}

/// What a next page's address asks for, where it is one of Meta's.
fn parameters(next: &str, graph: &Url) -> Option<String> {
    let next = Url::parse(next).ok().filter(|next| next.host_str() == graph.host_str())?;
    let pairs = next.query_pairs();
    let asked = pairs.filter(|(name, value)| NAMES.contains(&&**name) && value.len() <= VALUE_LIMIT);
    let asked = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
    (!asked.is_empty()).then(|| format!("?{asked}"))
}

/// The parameters that ask for the page which [`ListPage::after`] names.
pub(crate) fn asks_for(after: &str) -> Vec<(&'static str, String)> {
    let Some(asked) = after.strip_prefix('?') else { return vec![("after", after.to_owned())] };
    let known = |name: &str| NAMES.into_iter().find(|known| *known == name);
    let pairs = form_urlencoded::parse(asked.as_bytes());
    pairs.filter_map(|(name, value)| Some((known(&name)?, value.into_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(paging: &Value) -> Option<String> {
        let graph = Url::parse("https://graph.facebook.com").expect("a URL");
        let body = json!({"data": [], "paging": paging});
        read_page("list", &body, &graph, |row| Some(row.clone())).expect("a list").after
    }

    #[test]
    fn a_list_goes_on_where_next_says_and_only_there() {
        let cursors = json!({"before": "QQ", "after": "QR"});
        assert_eq!(after(&json!({ "cursors": cursors })), None, "cursors stand on the last page too");
        let next = "https://graph.facebook.com/v26.0/1/accounts?access_token=T&after=QR";
        assert_eq!(after(&json!({"cursors": cursors, "next": next})).as_deref(), Some("QR"));
        assert_eq!(asks_for("QR"), [("after", "QR".to_owned())]);
    }

    #[test]
    fn a_list_without_cursors_goes_on_by_the_parameters_of_its_next_page() {
        let next = "https://graph.facebook.com/v26.0/1/insights?access_token=T&since=17&until=18&fields=name&limit=5&pretty=0";
        let by_time = after(&json!({"previous": next, "next": next})).expect("a next page");
        assert_eq!(by_time, "?since=17&until=18");
        assert_eq!(asks_for(&by_time), [("since", "17".to_owned()), ("until", "18".to_owned())]);
        let next = "https://graph.facebook.com/v2.1/1/roles?limit=50&offset=50&__after_id=enc_A%2Bz";
        let by_offset = after(&json!({ "next": next })).expect("a next page");
        assert_eq!(asks_for(&by_offset), [("offset", "50".to_owned()), ("__after_id", "enc_A+z".to_owned())]);
    }

    #[test]
    fn an_address_elsewhere_and_one_that_asks_for_nothing_end_the_list() {
        for next in
            ["https://evil.example/v26.0/1/accounts?after=QR", "https://graph.facebook.com/2", "", "?"]
        {
            assert_eq!(after(&json!({ "next": next })), None, "{next}");
        }
        assert_eq!(asks_for("?access_token=T&fields=x"), []);
    }
}
