//! Names of Meta's quotas.

/// `key` as in the table `meta_quotas`.
pub fn quota_name(key: &str) -> String {
    let mut parts = key.splitn(3, ':');
    match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
        ("app", None, _) => "Whole app".to_owned(),
        ("instagram app", None, _) => "Instagram app".to_owned(),
        ("person", Some(_), _) => "One person".to_owned(),
        ("ad_account", Some(id), _) => format!("Ad account {id}"),
        ("use_case", Some(id), Some(kind)) => format!("{} of {id}", kind.replace('_', " ")),
        ("object", Some(id), _) => format!("Asset {id}"),
        _ => key.to_owned(),
    }
}
