//! Fetching one page of one of Meta's lists. Network only, except that ids already seen are looked up.

use std::collections::HashMap;

use metaads_graph::{
    AccessToken, AdAccountId, BusinessId, Edge, GraphError, InstagramAccount, PageId, Recovery,
};
use metaads_store::{AssetBatch, Connection, ConnectionKind, ProfileUpdate, StoreError, UnreadList};

use crate::app::App;
use crate::clock::MINUTE;
use crate::connections::assets::rows;
use crate::connections::assets::sync_plan::lists_of_business;
use crate::connections::assets::sync_task::{SyncEdge, SyncTask};
use crate::connections::granular_scopes::Reach;

/// Nodes read in one batch.
const BATCH_SIZE: usize = 50;

/// What one page brought.
#[derive(Debug, Default)]
pub struct FetchedPage {
    pub assets: AssetBatch,
    /// Meta's cursor to the next page.
    pub after: Option<String>,
    pub total: Option<i64>,
    /// What it adds to the plan.
    pub tasks: Vec<SyncTask>,
    /// Items of the page that Meta did not answer.
    pub unanswered: Option<SyncTask>,
    /// Items of the page that have to wait, and until when (Unix milliseconds).
    pub limited: Option<(SyncTask, i64)>,
    /// Whose connection it is.
    pub profile: Option<ProfileUpdate>,
    /// The list that could not be read instead.
    pub unread: Option<UnreadList>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The page of a list that a task names.
pub async fn fetch_page(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    task: &SyncTask,
    limit: u32,
) -> Result<FetchedPage, FetchError> {
    let after = task.after.as_deref();
    let mut page = FetchedPage::default();
    match &task.edge {
        SyncEdge::GranularTargets { ad_accounts, pages } => {
            return fetch_targets(app, connection, token, limit, ad_accounts, pages).await;
        }
        SyncEdge::Businesses => {
            let businesses = app.graph().list_businesses(token, after, limit).await?;
            page.assets.businesses = businesses.items.iter().map(rows::new_business).collect();
            let lists =
                |business: &metaads_graph::Business| lists_of_business(business.id.as_str(), &business.name);
            page.tasks = businesses.items.iter().flat_map(lists).collect();
            page.after = businesses.after;
        }
        SyncEdge::Me => fetch_profile(app, connection, token, &mut page).await?,
        SyncEdge::OwnedInstagramAccounts(_) | SyncEdge::InstagramBusinessAccounts(_) => {
            let Some(edge) = edge_of(&task.edge) else { return Ok(page) };
            let accounts = app.graph().list_instagram_accounts(token, &edge, after, limit).await?;
            rows::add_instagram(&mut page.assets, &accounts.items);
            page.after = accounts.after;
        }
        SyncEdge::Pages | SyncEdge::AssignedPages | SyncEdge::OwnedPages(_) | SyncEdge::ClientPages(_) => {
            let Some(edge) = edge_of(&task.edge) else { return Ok(page) };
            let pages = app.graph().list_pages(token, &edge, after, limit).await?;
            rows::add_pages(&mut page.assets, &pages.items);
            page.after = pages.after;
        }
        SyncEdge::AdAccounts
        | SyncEdge::AssignedAdAccounts
        | SyncEdge::OwnedAdAccounts(_)
        | SyncEdge::ClientAdAccounts(_) => {
            let Some(edge) = edge_of(&task.edge) else { return Ok(page) };
            let accounts = app.graph().list_ad_accounts(token, &edge, after, limit).await?;
            let business = task.edge.business();
            let own =
                business.map(|business| (business.id.clone(), business.name.clone())).into_iter().collect();
            let reach = match business {
                Some(_) => Reach::of_connection(connection),
                None => Reach::All,
            };
            let row = |account| rows::new_ad_account(account, &edge, &own, &reach);
            page.assets.ad_accounts = accounts.items.iter().map(row).collect();
            (page.after, page.total) = (accounts.after, accounts.total);
        }
    }
    Ok(page)
}

/// The client's edge; None if there is none, or the business's id is not one.
fn edge_of(edge: &SyncEdge) -> Option<Edge> {
    let business = edge.business().and_then(|business| BusinessId::parse(&business.id).ok());
    Some(match edge {
        SyncEdge::AdAccounts => Edge::MyAdAccounts,
        SyncEdge::AssignedAdAccounts => Edge::AssignedAdAccounts,
        SyncEdge::Businesses => Edge::MyBusinesses,
        SyncEdge::Pages => Edge::MyPages,
        SyncEdge::AssignedPages => Edge::AssignedPages,
        SyncEdge::OwnedAdAccounts(_) => Edge::OwnedAdAccounts(business?),
        SyncEdge::ClientAdAccounts(_) => Edge::ClientAdAccounts(business?),
        SyncEdge::OwnedPages(_) => Edge::OwnedPages(business?),
        SyncEdge::ClientPages(_) => Edge::ClientPages(business?),
        SyncEdge::OwnedInstagramAccounts(_) => Edge::OwnedInstagram(business?),
        SyncEdge::InstagramBusinessAccounts(_) => Edge::BusinessInstagram(business?),
        SyncEdge::Me | SyncEdge::GranularTargets { .. } => return None,
    })
}

/// Name and picture follow Meta.
async fn fetch_profile(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    page: &mut FetchedPage,
) -> Result<(), GraphError> {
    page.profile = Some(match connection.kind {
        ConnectionKind::InstagramUser => {
            let profile = app.graph().read_instagram_profile(token).await?;
            let update = ProfileUpdate {
                name: Some(profile.name.clone()),
                picture_url: profile.picture_url,
                business_name: None,
            };
            let (id, username, name) = (profile.id, profile.username, profile.name);
            rows::add_instagram(&mut page.assets, &[InstagramAccount { id, username, name }]);
            update
        }
        ConnectionKind::FacebookUser => {
            let person = app.graph().read_person(token).await?;
            ProfileUpdate { name: Some(person.name), picture_url: person.picture_url, business_name: None }
        }
        ConnectionKind::BusinessSystemUser => {
            let Some(id) = connection.business_id.as_deref().and_then(|id| BusinessId::parse(id).ok()) else {
                return Ok(());
            };
            let business = app.graph().read_business(token, &id).await?;
            let name = Some(business.name);
            ProfileUpdate { name: name.clone(), picture_url: None, business_name: name }
        }
    });
    Ok(())
}

/// Assets that granular scopes name and that no list has shown: up to fifty at a time, by id. Each is an item of its own.
async fn fetch_targets(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    limit: u32,
    ad_accounts: &[String],
    pages: &[String],
) -> Result<FetchedPage, FetchError> {
    let generation = connection.sync_generation;
    let ad_accounts = app.store.list_unseen(&connection.id, generation, ad_accounts).await?;
    let pages = app.store.list_unseen(&connection.id, generation, pages).await?;
    let number = BATCH_SIZE.min(usize::try_from(limit).unwrap_or(BATCH_SIZE));
    let account_ids: Vec<AdAccountId> =
        ad_accounts.iter().filter_map(|id| AdAccountId::parse(id).ok()).take(number).collect();
    let page_ids: Vec<PageId> = pages.iter().filter_map(|id| PageId::parse(id).ok()).take(number).collect();
    let (found_accounts, found_pages) = tokio::join!(
        app.graph().read_ad_accounts(token, &account_ids),
        app.graph().read_pages(token, &page_ids),
    );
    let now = app.now();
    let accounts = Answers::of(found_accounts?, &account_ids, now);
    let found = match found_pages {
        Ok(answers) => Answers::of(answers, &page_ids, now),
        // The accounts have been read; the Pages are asked for again.
        Err(_) => Answers {
            found: Vec::new(),
            unanswered: page_ids.iter().map(ToString::to_string).collect(),
            limited: Vec::new(),
            retry_at: now,
        },
    };
    let mut page = FetchedPage::default();
    let row = |account| rows::new_ad_account(account, &Edge::MyAdAccounts, &HashMap::new(), &Reach::All);
    page.assets.ad_accounts = accounts.found.iter().map(row).collect();
    rows::add_pages(&mut page.assets, &found.found);
    let rest = |ids: Vec<String>| ids.into_iter().skip(number).collect::<Vec<_>>();
    page.tasks.extend(targets(rest(ad_accounts), rest(pages)));
    let retry_at = accounts.retry_at.max(found.retry_at);
    page.unanswered = targets(accounts.unanswered, found.unanswered);
    page.limited = targets(accounts.limited, found.limited).map(|task| (task, retry_at));
    Ok(page)
}

fn targets(ad_accounts: Vec<String>, pages: Vec<String>) -> Option<SyncTask> {
    let is_any = !ad_accounts.is_empty() || !pages.is_empty();
    is_any.then(|| SyncTask::from_start(SyncEdge::GranularTargets { ad_accounts, pages }))
}

/// What Meta showed of some ids. What cannot be read by its id is not ours to use, whatever the permission says.
struct Answers<T> {
    found: Vec<T>,
    /// Meta gave no answer.
    unanswered: Vec<String>,
    /// A quota is used up.
    limited: Vec<String>,
    /// When the limited ones may be asked for (Unix milliseconds).
    retry_at: i64,
}

impl<T> Answers<T> {
    fn of(answers: Vec<Result<T, GraphError>>, ids: &[impl std::fmt::Display], now: i64) -> Answers<T> {
        let (mut found, mut unanswered, mut limited, mut retry_at) =
            (Vec::new(), Vec::new(), Vec::new(), now);
        for (answer, id) in answers.into_iter().zip(ids) {
            match answer {
                Ok(one) => found.push(one),
                Err(error) => match error.recovery() {
                    Recovery::RetryLater | Recovery::ReduceLimit => unanswered.push(id.to_string()),
                    Recovery::Wait(_) => {
                        retry_at = retry_at.max(error.retry_at(now).unwrap_or(now + MINUTE));
                        limited.push(id.to_string());
                    }
                    _ => {}
                },
            }
        }
        Answers { found, unanswered, limited, retry_at }
    }
}
