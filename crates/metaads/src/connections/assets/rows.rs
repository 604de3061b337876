//! Meta's assets as rows: which group an ad account belongs to, how it is reached, whether it can be used.

use std::collections::HashMap;

use metaads_graph::{AdAccount, Business, Edge, InstagramAccount, Page};
use metaads_store::{AssetBatch, NewAdAccount, NewBusiness, NewInstagramAccount, NewPage, Relation};

use crate::codes::account_status::AccountStatus;
use crate::codes::error_code::Code;
use crate::connections::granular_scopes::Reach;

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
            tasks: comma_separated(&page.tasks),
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

/// Instagram accounts that a business lists. Which Page they belong to is known from the Pages.
pub fn add_instagram(batch: &mut AssetBatch, accounts: &[InstagramAccount]) {
    batch.instagram_accounts.extend(accounts.iter().map(|account| NewInstagramAccount {
        instagram_id: account.id.to_string(),
        username: account.username.clone(),
        name: account.name.clone(),
        page_id: None,
    }));
}

/// An ad account as a row. `own_businesses`: the names of the person's businesses by id. Meta's lists of a business also
/// show accounts that the grant does not reach.
pub fn new_ad_account(
    account: &AdAccount,
    edge: &Edge,
    own_businesses: &HashMap<String, String>,
    reach: &Reach,
) -> NewAdAccount {
    let owner = account.business.as_ref().map(|(id, name)| (id.to_string(), name.clone()));
    let named = |id: &str| own_businesses.get(id).cloned().unwrap_or_default();
    let (relation, group) = match (edge, &owner) {
        (Edge::OwnedAdAccounts(id), _) => (Relation::Owned, Some((id.to_string(), named(id.as_str())))),
        (Edge::ClientAdAccounts(id), _) => (Relation::Client, Some((id.to_string(), named(id.as_str())))),
        (_, None) => (Relation::Personal, None),
        // Read through /me: it counts as owned only once the business's own list says so.
        (_, Some(owner)) => (Relation::Shared, Some(owner.clone())),
    };
    let (group_id, group_name) = group.unwrap_or_default();
    let status = AccountStatus::of(account.account_status, true);
    let is_covered = reach.covers(account.id.as_str());
    NewAdAccount {
        account_id: account.id.to_string(),
        account_name: account.name.clone(),
        name_key: account.name.to_lowercase(),
        currency: account.currency.clone(),
        timezone: account.timezone.clone(),
        is_selectable: status.is_selectable() && is_covered,
        lost_reason: (!is_covered).then(|| Code::AssetNotGranted.as_str().to_owned()),
        account_status: account.account_status,
        disable_reason: account.disable_reason,
        business_id: owner.as_ref().map(|(id, _)| id.clone()),
        business_name: owner.map(|(_, name)| name),
        group_id,
        group_name,
        relation: relation.as_str().to_owned(),
        tasks: comma_separated(&account.tasks),
    }
}

fn comma_separated(list: &[String]) -> String {
    list.iter().filter(|word| !word.contains(',')).take(20).cloned().collect::<Vec<_>>().join(",")
}
