//! The control page, assembled from its sections.

use super::{activity, ad_accounts, faults, outages, rate_limits, settings, users};
use crate::http::html::layout;
use crate::state::shared::SharedState;

pub(crate) fn html(shared: &SharedState) -> String {
    let mut main = String::from("<h1>Controls</h1>\n");
    users::html(shared, &mut main);
    faults::html(shared, &mut main);
    outages::html(shared, &mut main);
    rate_limits::html(shared, &mut main);
    ad_accounts::html(&mut main);
    settings::html(shared, &mut main);
    activity::deliveries(shared, &mut main);
    activity::calls(shared, &mut main);
    layout("Controls", &main)
}
