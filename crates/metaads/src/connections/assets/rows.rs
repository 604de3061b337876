//! Meta's lists as rows: which group an ad account belongs to, how it is reached, whether it can be used.

use std::collections::HashMap;

use metaads_graph::{
    AdAccount, AdAccountId, Business, GranularScope, InstagramAccount, ListPage, Page, Profile, Reading,
};
use metaads_store::{AssetBatch, NewAdAccount, NewBusiness, NewInstagramAccount, NewPage, Relation};

use crate::codes::account_status::Standing;
use crate::connections::assets::sync_plan::{SyncEdge, SyncTask};

/// What the first batch brought, and what is still to be read in the background.
pub fn first_reading(profile: &Profile, granular: &[GranularScope]) -> (AssetBatch, Vec<SyncTask>) {
    let mut batch = AssetBatch::default();
    let mut todo = Vec::new();
    let mut mine = HashMap::new();
    match &profile.businesses {
        Ok(page) => {
            mine =
                page.items.iter().map(|business| (business.id.to_string(), business.name.clone())).collect();
            batch.businesses = page.items.iter().map(new_business).collect();
            todo.extend(page.items.iter().flat_map(of_business));
            todo.extend(rest(SyncEdge::Businesses, page));
        }
        Err(_) => todo.push(SyncTask { list: SyncEdge::Businesses, after: None }),
    }
    match &profile.ad_accounts {
        Ok(page) => {
            let reached = |account: &AdAccount| new_ad_account(account, &Reading::MyAdAccounts, &mine);
            batch.ad_accounts = page.items.iter().map(reached).collect();
            todo.extend(rest(SyncEdge::AdAccounts, page));
        }
        Err(_) => todo.push(SyncTask { list: SyncEdge::AdAccounts, after: None }),
    }
    match &profile.pages {
        Ok(page) => {
            add_pages(&mut batch, &page.items);
            todo.extend(rest(SyncEdge::Pages, page));
        }
        Err(_) => todo.push(SyncTask { list: SyncEdge::Pages, after: None }),
    }
    todo.extend(targets(granular.iter().map(|scope| (scope.scope.as_str(), scope.target_ids.as_slice()))));
    (batch, todo)
}

/// The assets that permissions name one by one: read by id where the lists did not show them.
pub fn targets<'a>(granular: impl Iterator<Item = (&'a str, &'a [String])>) -> Option<SyncTask> {
    let (mut accounts, mut pages) = (Vec::new(), Vec::new());
    for (scope, ids) in granular {
        let wanted = match scope {
            "ads_read" | "ads_management" => &mut accounts,
            // Instagram's permissions carry the ids of Pages.
            _ if scope.starts_with("pages_") || scope.starts_with("instagram_") => &mut pages,
            _ => continue,
        };
        let bare = ids.iter().map(|id| id.strip_prefix("act_").unwrap_or(id).to_owned());
        wanted.extend(bare.filter(|id| AdAccountId::parse(id).is_ok()));
    }
    for ids in [&mut accounts, &mut pages] {
        ids.sort();
        ids.dedup();
    }
    let is_any = !accounts.is_empty() || !pages.is_empty();
    is_any.then_some(SyncTask { list: SyncEdge::Targets { accounts, pages }, after: None })
}

fn rest<T>(list: SyncEdge, page: &ListPage<T>) -> Option<SyncTask> {
    page.after.clone().map(|after| SyncTask { list, after: Some(after) })
}

/// A business's own lists.
pub fn of_business(business: &Business) -> Vec<SyncTask> {
    lists_of_business(business.id.as_str(), &business.name)
}

/// The same by id and name.
pub fn lists_of_business(id: &str, name: &str) -> Vec<SyncTask> {
    let (id, name) = (id.to_owned(), name.to_owned());
    let lists = [
        SyncEdge::Owned { id: id.clone(), name: name.clone() },
        SyncEdge::Client { id: id.clone(), name: name.clone() },
        SyncEdge::OwnedPages { id: id.clone(), name: name.clone() },
        SyncEdge::ClientPages { id: id.clone(), name: name.clone() },
        SyncEdge::Instagram { id: id.clone(), name: name.clone() },
        SyncEdge::BusinessInstagram { id, name },
    ];
    lists.map(|list| SyncTask { list, after: None }).to_vec()
}

pub fn new_business(business: &Business) -> NewBusiness {
    NewBusiness {
        business_id: business.id.to_string(),
        name: business.name.clone(),
        verification_status: business.verification_status.clone(),
    }
}

/// Pages, and the Instagram accounts behind them.
pub fn add_pages(batch: &mut AssetBatch, pages: &[Page]) {
    for page in pages {
        batch.pages.push(NewPage {
            page_id: page.id.to_string(),
            name: page.name.clone(),
            tasks: words(&page.tasks),
            has_linked_instagram: page.has_linked_instagram,
            business_id: page.business.as_ref().map(|(id, _)| id.to_string()),
            business_name: page.business.as_ref().map(|(_, name)| name.clone()),
        });
        let known = |id: &str| batch.instagram_accounts.iter().any(|own| own.instagram_id == id);
        if let Some(instagram) = &page.instagram
            && !known(instagram.id.as_str())
        {
            batch.instagram_accounts.push(NewInstagramAccount {
                instagram_id: instagram.id.to_string(),
                username: instagram.username.clone(),
                name: instagram.name.clone(),
                page_id: Some(page.id.to_string()),
            });
        }
    }
}

/// Instagram accounts that a business lists; which Page they belong to is known from the Pages.
pub fn add_instagram(batch: &mut AssetBatch, accounts: &[InstagramAccount]) {
    batch.instagram_accounts.extend(accounts.iter().map(|account| NewInstagramAccount {
        instagram_id: account.id.to_string(),
        username: account.username.clone(),
        name: account.name.clone(),
        page_id: None,
    }));
}

/// One ad account as a row. `mine` are the person's businesses (id to name).
pub fn new_ad_account(
    account: &AdAccount,
    reading: &Reading,
    mine: &HashMap<String, String>,
) -> NewAdAccount {
    let owner = account.business.as_ref().map(|(id, name)| (id.to_string(), name.clone()));
    let named = |id: &str| mine.get(id).cloned().unwrap_or_default();
    let (relation, group) = match (reading, &owner) {
        (Reading::OwnedAdAccounts(id), _) => (Relation::Owned, Some((id.to_string(), named(id.as_str())))),
        (Reading::ClientAdAccounts(id), _) => (Relation::Client, Some((id.to_string(), named(id.as_str())))),
        (_, None) => (Relation::Personal, None),
        // Read through /me: confirmed as owned only when the business's own list says so.
        (_, Some(owner)) => (Relation::Shared, Some(owner.clone())),
    };
    let (group_id, group_name) = group.unwrap_or_default();
    let standing = Standing::of(account.account_status, true);
    NewAdAccount {
        account_id: account.id.to_string(),
        account_name: account.name.clone(),
        name_key: account.name.to_lowercase(),
        currency: account.currency.clone(),
        timezone: account.timezone.clone(),
        is_selectable: standing.is_selectable(),
        account_status: account.account_status,
        disable_reason: account.disable_reason,
        business_id: owner.as_ref().map(|(id, _)| id.clone()),
        business_name: owner.map(|(_, name)| name),
        group_id,
        group_name,
        relation: relation.as_str().to_owned(),
        tasks: words(&account.tasks),
    }
}

fn words(list: &[String]) -> String {
    list.iter().filter(|word| !word.contains(',')).take(20).cloned().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_that_permissions_name_are_taken_in_every_form() {
        let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let named = [
            ("ads_read", own(&["act_5", "6"])),
            ("ads_management", own(&["5", "nonsense"])),
            ("pages_show_list", own(&["70"])),
            // Instagram's permissions carry the ids of Pages.
            ("instagram_basic", own(&["71", "70"])),
            ("business_management", own(&["9"])),
        ];
        let todo = targets(named.iter().map(|(scope, ids)| (*scope, ids.as_slice()))).expect("something");
        let expected = SyncEdge::Targets { accounts: own(&["5", "6"]), pages: own(&["70", "71"]) };
        assert_eq!((todo.list, todo.after), (expected, None));
        assert_eq!(targets([("ads_read", [].as_slice())].into_iter()), None);
    }
}
