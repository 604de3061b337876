//! The query string of the picker: what is shown, and links that change one part of it.

use metaads_store::{AdAccount, AdAccountFilter, ConnectionSummary, Only};
use serde::Deserialize;
use url::form_urlencoded;

/// Stands for the accounts in no business, whose group id is empty.
pub const NO_BUSINESS: &str = "none";

#[derive(Debug, Default, Deserialize)]
pub struct PickerQuery {
    q: Option<String>,
    show: Option<String>,
    pub business: Option<String>,
    after: Option<String>,
    after_id: Option<String>,
    /// How many businesses come before this page.
    from: Option<usize>,
    pub notice: Option<String>,
}

impl PickerQuery {
    /// The first page of one business.
    pub fn of_business(key: &str) -> PickerQuery {
        PickerQuery { business: Some(key.to_owned()), ..PickerQuery::default() }
    }

    /// Whether it matches fewer accounts than all, apart from the business.
    pub fn is_filtering(&self) -> bool {
        !self.search().is_empty() || self.only() != Only::All
    }

    fn only(&self) -> Only {
        match self.show.as_deref() {
            // "chosen" is in links of earlier versions.
            Some("selected" | "chosen") => Only::Selected,
            Some("unusable") => Only::Unusable,
            _ => Only::All,
        }
    }

    pub fn show(&self) -> &'static str {
        match self.only() {
            Only::All => "",
            Only::Selected => "selected",
            Only::Unusable => "unusable",
        }
    }

    pub fn has_searched(&self) -> bool {
        self.q.is_some()
    }

    pub fn search(&self) -> String {
        self.q.as_deref().unwrap_or_default().trim().chars().take(100).collect()
    }

    pub fn group(&self) -> Option<String> {
        self.business.as_ref().map(|group| if group == NO_BUSINESS { String::new() } else { group.clone() })
    }

    pub fn from(&self) -> usize {
        self.from.unwrap_or_default()
    }

    pub fn filter(&self, connection: &ConnectionSummary, limit: i64) -> AdAccountFilter {
        AdAccountFilter {
            connection_id: connection.id.clone(),
            group_id: self.group(),
            account_ids: None,
            search: Some(self.search()).filter(|search| !search.is_empty()),
            only: self.only(),
            after: self.after.clone().zip(self.after_id.clone()),
            limit,
        }
    }

    /// This query for another business, from its first row or after one.
    pub fn href(&self, group: Option<&str>, after: Option<&AdAccount>) -> String {
        let mut query = self.kept();
        if let Some(group) = group {
            query.append_pair("business", group);
        }
        if let Some(last) = after {
            query.append_pair("after", &last.name_key).append_pair("after_id", &last.account_id);
        }
        if self.from() > 0 {
            query.append_pair("from", &self.from().to_string());
        }
        query.finish()
    }

    /// This query with other businesses on the page.
    pub fn page_href(&self, from: usize) -> String {
        self.kept().append_pair("from", &from.to_string()).finish()
    }

    fn kept(&self) -> form_urlencoded::Serializer<'static, String> {
        let mut query = form_urlencoded::Serializer::new(String::from("?"));
        for (name, value) in [("q", self.search()), ("show", self.show().to_owned())] {
            if !value.is_empty() {
                query.append_pair(name, &value);
            }
        }
        query
    }
}
