//! `Control`, the handle with which Rust tests control a running sandbox.

use std::sync::Arc;
use std::time::Duration;

use super::actions::{self, AssetChange};
use crate::clock::seconds;
use crate::dialog::answer::Answer;
use crate::dialog::without_browser;
use crate::graph_api::tokens::issue;
use crate::state::call_log::Call;
use crate::state::faults::{Endpoint, Fault};
use crate::state::grants::{GrantView, PermissionStatus};
use crate::state::outage::Outage;
use crate::state::outbox::{Delivery, Subscription};
use crate::state::rate_limits::{ExhaustedLimit, RateLimit};
use crate::state::shared::SharedState;
use crate::state::tokens::TokenKind;
use crate::webhooks;

/// Controls a running sandbox. All clones act on the same one.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Arc<SharedState>,
}

impl Control {
    pub(crate) fn new(shared: Arc<SharedState>) -> Control {
        Control { shared }
    }

    pub fn inject_fault(&self, fault: Fault) {
        self.shared.faults().push(fault);
    }

    pub fn clear_faults(&self) {
        self.shared.faults().clear();
    }

    /// Exhausts a rate limit for this long: calls that count against it are refused, and each prolongs the block
    /// by ten seconds, to at most an hour from then.
    pub fn exhaust_limit(&self, limit: RateLimit, duration: Duration) {
        let ends_at = self.shared.clock.now_seconds() + seconds(duration);
        self.shared.rate_limits().exhaust(limit, ends_at);
    }

    /// The rate limits that are exhausted now.
    pub fn exhausted_limits(&self) -> Vec<ExhaustedLimit> {
        self.shared.rate_limits().exhausted(self.shared.clock.now_seconds())
    }

    /// Calls refused since this limit was last exhausted, also after the block has ended.
    pub fn refused_calls(&self, limit: &RateLimit) -> usize {
        self.shared.rate_limits().refused_calls(limit)
    }

    /// Ends all blocks and resets their counts.
    pub fn lift_limits(&self) {
        self.shared.rate_limits().clear();
    }

    /// Meta is down for this long. Only the control page still answers.
    pub fn start_outage(&self, outage: Outage, duration: Duration) {
        let ends_at = self.shared.clock.now_seconds() + seconds(duration);
        self.shared.settings().outage = Some((outage, ends_at));
    }

    /// Ends an outage early.
    pub fn end_outage(&self) {
        self.shared.settings().outage = None;
    }

    /// The current outage, and how long it still lasts.
    pub fn outage(&self) -> Option<(Outage, Duration)> {
        let (outage, left) = self.shared.current_outage()?;
        Some((outage, Duration::from_secs(u64::try_from(left).unwrap_or(0))))
    }

    /// The last 5,000 calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls().list()
    }

    /// All calls of an endpoint since startup or `clear_calls`.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.shared.calls().count(endpoint)
    }

    pub fn clear_calls(&self) {
        self.shared.calls().clear();
    }

    /// Advances a manual clock. Has no effect on the system clock.
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
    }

    pub fn set_latency(&self, latency: Duration) {
        self.shared.settings().latency = latency;
    }

    /// What this person has granted; `None` if nothing was granted or everything was revoked.
    pub fn grant(&self, user_id: &str) -> Option<GrantView> {
        let now = self.shared.clock.now_seconds();
        self.shared.grants().view(user_id, now)
    }

    /// Invalidates all tokens of this person with a subcode of error 190: 458 app removed (also removes the
    /// grant), 459 checkpoint, 460 password changed, 463 expired, 464 unconfirmed user, 467 logged out.
    pub fn invalidate_tokens(&self, user_id: &str, subcode: u32) {
        self.shared.change(|grants| grants.invalidate_tokens(user_id, subcode));
    }

    /// The deauthorize and data deletion callback URLs, as set in the App Dashboard.
    pub fn set_app_urls(&self, deauthorize_url: Option<&str>, deletion_url: Option<&str>) {
        let mut outbox = self.shared.outbox();
        outbox.deauthorize_url = deauthorize_url.map(str::to_owned);
        outbox.deletion_url = deletion_url.map(str::to_owned);
    }

    /// Subscribes the app without the verification request, as in the App Dashboard.
    pub fn subscribe(&self, object: &str, fields: &[&str], callback_url: &str) {
        let mut outbox = self.shared.outbox();
        outbox.subscriptions.retain(|one| one.object != object);
        outbox.subscriptions.push(Subscription {
            object: object.to_owned(),
            callback_url: callback_url.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        });
    }

    /// The person removes the app under Business Integrations: the tokens are invalidated with 458, and the app
    /// is notified.
    pub fn remove_app(&self, user_id: &str) {
        actions::remove_app(&self.shared, user_id);
    }

    /// A business removes the app under its connected apps: its system user's tokens are invalidated with 458,
    /// and `business_integration_uninstall` is sent. Has no effect if the app is not connected to this business.
    pub fn remove_app_from_business(&self, business_id: &str) {
        let _ = actions::remove_app_from_business(&self.shared, business_id);
    }

    /// A business assigns one of its ad accounts or Pages to the app's system user, and
    /// `business_integration_update` is sent. Has no effect if the app is not connected to this business.
    pub fn assign_asset(&self, business_id: &str, asset_id: &str) {
        let _ = actions::change_asset(&self.shared, business_id, asset_id, AssetChange::Assign);
    }

    /// The inverse of `assign_asset`.
    pub fn withdraw_asset(&self, business_id: &str, asset_id: &str) {
        let _ = actions::change_asset(&self.shared, business_id, asset_id, AssetChange::Withdraw);
    }

    /// The person presses "Send request", which Meta offers next to an app that was removed. Its removal is not announced.
    pub fn request_data_deletion(&self, user_id: &str) {
        self.invalidate_tokens(user_id, 458);
        webhooks::send_data_deletion(&self.shared, user_id);
    }

    /// Sends a webhook with one change (`{"field", "value"}`), if the app has subscribed to it.
    pub fn send_event(&self, object: &str, id: &str, change: &serde_json::Value) {
        webhooks::send_event(&self.shared, object, id, change);
    }

    /// A `signed_request` as in the callbacks, signed now with the app secret.
    pub fn signed_request(&self, user_id: &str) -> String {
        webhooks::signed_request(&self.shared, user_id)
    }

    /// The body of a webhook with Meta's escaping, and the value of `X-Hub-Signature-256`.
    pub fn signed_event(&self, body: &serde_json::Value) -> (Vec<u8>, String) {
        webhooks::signed_event(&self.shared, body)
    }

    /// What was sent to the app, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.outbox().deliveries.clone()
    }

    /// Makes the tokens valid again that were invalidated with 459 or 464, as if the person had done what
    /// Facebook asked for.
    pub fn restore_tokens(&self, user_id: &str) {
        self.shared.change(|grants| grants.restore_tokens(user_id));
    }

    /// Issues a valid token without the dialog, and records the grant: these permissions and `public_profile`,
    /// with data access for 90 days. `lifetime`: `None` means the token never expires.
    pub fn issue(
        &self,
        user_id: &str,
        kind: TokenKind,
        permissions: &[&str],
        lifetime: Option<Duration>,
    ) -> String {
        issue::issue(&self.shared, user_id, kind, permissions, lifetime)
    }

    /// How many tokens of this person were exchanged for new ones since startup, by `fb_exchange_token` or
    /// `ig_refresh_token`. Exchanges with `Effect::Unchanged` do not count.
    pub fn exchange_count(&self, user_id: &str) -> usize {
        self.shared.grants().exchange_count(user_id)
    }

    /// Limits the grant to these assets (ad accounts and Pages by id), as if the person had selected them in the
    /// dialog; `None` means all.
    pub fn set_targets(&self, user_id: &str, targets: Option<&[&str]>) {
        let bare = |id: &&str| id.strip_prefix("act_").unwrap_or(id).to_owned();
        let targets = targets.map(|ids| ids.iter().map(bare).collect());
        self.shared.change(|grants| grants.set_targets(user_id, targets));
    }

    /// Sets when this person's data access ends. Has no effect if this person has granted nothing.
    pub fn set_data_access(&self, user_id: &str, ends_in: Duration) {
        let expires_at = self.shared.clock.now_seconds() + seconds(ends_in);
        self.shared.change(|grants| grants.set_data_access(user_id, expires_at));
    }

    /// Sets the status of one permission. Has no effect if this person has granted nothing.
    pub fn set_permission(&self, user_id: &str, permission: &str, status: PermissionStatus) {
        self.shared.change(|grants| grants.set_permission(user_id, permission, status));
    }

    /// If false, every answer to the dialog redirects back with error 1349126.
    pub fn set_app_active(&self, is_active: bool) {
        self.shared.settings().is_app_active = is_active;
    }

    /// If true, responses of the token endpoint lack `expires_in`.
    pub fn set_omit_expires_in(&self, omit: bool) {
        self.shared.settings().omits_expires_in = omit;
    }

    /// The lifetime of tokens issued by `fb_exchange_token` from now on; `None` means they never expire
    /// (`expires_at` 0).
    pub fn set_token_lifetime(&self, lifetime: Option<Duration>) {
        self.shared.settings().token_lifetime = lifetime;
    }

    /// `account_id` with or without `act_`.
    pub fn set_ad_account_status(&self, account_id: &str, account_status: i64, disable_reason: i64) {
        let number = account_id.strip_prefix("act_").unwrap_or(account_id).parse();
        if let Ok(number) = number {
            self.shared.settings().ad_account_statuses.insert(number, (account_status, disable_reason));
        }
    }

    /// If true, ad endpoints also refuse (2635) versions that Graph has retired and serves as the oldest one.
    pub fn set_reject_retired_versions(&self, ends: bool) {
        self.shared.settings().rejects_retired_versions = ends;
    }

    /// If true, the dialog drops the code challenge, so that the verifier is refused. The real dialog was seen
    /// to do this.
    pub fn set_drop_pkce(&self, drops: bool) {
        self.shared.settings().drops_pkce = drops;
    }

    /// The switch "Require App Secret". On by default.
    pub fn set_require_proof(&self, requires: bool) {
        self.shared.settings().requires_proof = requires;
    }

    /// Allows a redirect URI. Those on localhost and loopback addresses are always allowed.
    pub fn register_redirect_uri(&self, redirect_uri: &str) {
        self.shared.settings().redirect_uris.push(redirect_uri.to_owned());
    }

    /// Does what a browser does in the dialog. Returns the URL it is redirected to, or `error-page: ` and the
    /// text of the error page.
    pub async fn authorize(&self, dialog_url: &str, answer: Answer) -> String {
        without_browser::answer_url(&self.shared, dialog_url, &answer)
    }

    /// Releases the calls that are waiting at this barrier now (`Effect::Hold`).
    pub fn release(&self, name: &str) {
        self.shared.barriers.release(name);
    }

    /// Resolves as soon as a call is waiting at this barrier (`Effect::Hold`).
    pub async fn wait_until_held(&self, name: &str) {
        self.shared.barriers.wait_until_held(name).await;
    }
}
