//! Pages of a list. The URL of the next page contains the token and is never followed; only its paging
//! parameters are used. Source: "Paginated results".

use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::json;

/// Paging parameters that are taken from the URL of a next page. All others are dropped.
const PAGING_PARAMS: [&str; 6] = ["after", "offset", "since", "until", "__after_id", "__paging_token"];
/// Recorded cursors have up to 900 characters.
const MAX_VALUE_BYTES: usize = 2_000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T> {
    pub items: Vec<T>,
    /// Where the next page starts; None on the last page. It is Meta's cursor or, for a list without cursors
    /// (paged by time or by offset), `?` and the parameters of the next page.
    pub after: Option<String>,
    /// `summary.total_count`, where Meta sends it.
    pub total: Option<i64>,
}

/// A list ends where `paging.next` is absent, not at a short or empty page. `graph_url` is Meta's base URL.
pub(crate) fn parse_page<T>(
    endpoint: Endpoint,
    body: &Value,
    graph_url: &Url,
    parse: fn(&Value) -> Option<T>,
) -> Result<ListPage<T>, GraphError> {
    let data = body.get("data").and_then(Value::as_array).ok_or(GraphError::Malformed {
        endpoint,
        status: 200,
        reason: "a list without data",
    })?;
    let paging = body.get("paging").unwrap_or(&Value::Null);
    let next = paging.get("next").and_then(Value::as_str);
    let cursor = || paging.get("cursors").and_then(|cursors| json::text(cursors, "after"));
    let after = next.and_then(|next| cursor().or_else(|| paging_params(next, graph_url)));
    if next.is_some() && after.is_none() {
        tracing::warn!(
            endpoint = endpoint.as_str(),
            "the next page of a list cannot be requested: the list is cut off here"
        );
    }
    let total = body.get("summary").and_then(|summary| json::whole(summary, "total_count"));
    Ok(ListPage { items: data.iter().filter_map(parse).collect(), after, total })
}

/// The paging parameters of a next page's URL; None if it is not at Meta's host or has none.
fn paging_params(next: &str, graph_url: &Url) -> Option<String> {
    let next = Url::parse(next).ok().filter(|next| next.host_str() == graph_url.host_str())?;
    let pairs = next.query_pairs();
    let params =
        pairs.filter(|(name, value)| PAGING_PARAMS.contains(&&**name) && value.len() <= MAX_VALUE_BYTES);
    let params = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    (!params.is_empty()).then(|| format!("?{params}"))
}

/// The query parameters that request the page at [`ListPage::after`].
pub(crate) fn next_page_params(after: &str) -> Vec<(&'static str, String)> {
    let Some(params) = after.strip_prefix('?') else { return vec![("after", after.to_owned())] };
    let known = |name: &str| PAGING_PARAMS.into_iter().find(|known| *known == name);
    let pairs = form_urlencoded::parse(params.as_bytes());
    pairs.filter_map(|(name, value)| Some((known(&name)?, value.into_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(paging: &Value) -> Option<String> {
        let graph_url = Url::parse("https://graph.facebook.com").expect("a URL");
        let body = json!({"data": [], "paging": paging});
        parse_page(Endpoint::AdAccounts, &body, &graph_url, |row| Some(row.clone())).expect("a list").after
    }

    #[test]
    fn a_list_continues_only_where_paging_next_is_present() {
        let cursors = json!({"before": "QQ", "after": "QR"});
        assert_eq!(after(&json!({ "cursors": cursors })), None, "the last page has cursors too");
        let next = "https://graph.facebook.com/v26.0/1/accounts?access_token=T&after=QR";
        assert_eq!(after(&json!({"cursors": cursors, "next": next})).as_deref(), Some("QR"));
        assert_eq!(next_page_params("QR"), [("after", "QR".to_owned())]);
    }

    #[test]
    fn a_list_without_cursors_continues_with_the_parameters_of_its_next_page() {
        let next = "https://graph.facebook.com/v26.0/1/insights?access_token=T&since=17&until=18&fields=name&limit=5&pretty=0";
        let by_time = after(&json!({"previous": next, "next": next})).expect("a next page");
        assert_eq!(by_time, "?since=17&until=18");
        assert_eq!(next_page_params(&by_time), [("since", "17".to_owned()), ("until", "18".to_owned())]);
        let next = "https://graph.facebook.com/v2.1/1/roles?limit=50&offset=50&__after_id=enc_A%2Bz";
        let by_offset = after(&json!({ "next": next })).expect("a next page");
        assert_eq!(
            next_page_params(&by_offset),
            [("offset", "50".to_owned()), ("__after_id", "enc_A+z".to_owned())]
        );
    }

    #[test]
    fn a_next_page_at_another_host_or_without_parameters_ends_the_list() {
        for next in
            ["https://evil.example/v26.0/1/accounts?after=QR", "https://graph.facebook.com/2", "", "?"]
        {
            assert_eq!(after(&json!({ "next": next })), None, "{next}");
        }
        assert_eq!(next_page_params("?access_token=T&fields=x"), []);
    }
}
