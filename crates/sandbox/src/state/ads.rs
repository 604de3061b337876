//! The ad objects of all ad accounts: generated and created ones together.

use serde_json::Value;

use super::ad_objects::AdObjects;
use crate::world::ad_objects::{AdObject, AdObjectKind};
use crate::world::tables::World;

/// Statuses that lists leave out unless they are asked for.
const HIDDEN: [&str; 2] = ["DELETED", "ARCHIVED"];

pub(crate) struct Ads<'a> {
    pub(crate) world: &'a World,
    pub(crate) stored: &'a AdObjects,
}

impl Ads<'_> {
    pub(crate) fn exists(&self, object: AdObject) -> bool {
        let is_account = object.account < self.world.ad_accounts.len();
        match object.is_generated() {
            true => is_account && object.number < self.world.generated_count(object.account, object.kind),
            false => self.stored.stored(object).is_some(),
        }
    }

    /// The campaign of an ad set; the campaign, ad set or creative of an ad.
    pub(crate) fn parent(&self, object: AdObject, kind: AdObjectKind) -> Option<AdObject> {
        let sent = match kind {
            AdObjectKind::Campaign => self.stored.field(object, "campaign_id"),
            AdObjectKind::AdSet => self.stored.field(object, "adset_id"),
            AdObjectKind::AdCreative => {
                let creative = self.stored.field(object, "creative");
                creative.and_then(|creative| creative.get("creative_id").or_else(|| creative.get("id")))
            }
            AdObjectKind::Ad | AdObjectKind::AdVideo | AdObjectKind::ReportRun => None,
        };
        if let Some(parent) = sent.and_then(object_with_id) {
            return Some(parent).filter(|parent| parent.kind == kind);
        }
        if object.is_generated() {
            return self.world.generated_parent(object, kind);
        }
        if (object.kind, kind) == (AdObjectKind::Ad, AdObjectKind::Campaign) {
            return self.parent(self.parent(object, AdObjectKind::AdSet)?, AdObjectKind::Campaign);
        }
        None
    }

    /// The status that was set for the object itself.
    pub(crate) fn status(&self, object: AdObject) -> &str {
        if let Some(status) = self.stored.field(object, "status").and_then(Value::as_str) {
            return status;
        }
        let is_paused = object.is_generated()
            && match object.kind {
                AdObjectKind::Campaign => object.number % 4 == 3,
                AdObjectKind::AdSet => object.number % 5 == 4,
                AdObjectKind::Ad => object.number % 6 == 5,
                AdObjectKind::AdCreative | AdObjectKind::AdVideo | AdObjectKind::ReportRun => false,
            };
        if is_paused { "PAUSED" } else { "ACTIVE" }
    }

    /// The status that results from the object and what it belongs to: what is deleted or archived counts first,
    /// then the object itself, then what pauses it.
    pub(crate) fn effective_status(&self, object: AdObject) -> &str {
        let own = self.status(object);
        let parents = [(AdObjectKind::AdSet, "ADSET_PAUSED"), (AdObjectKind::Campaign, "CAMPAIGN_PAUSED")];
        let parents = parents.map(|(kind, paused)| {
            let status = self.parent(object, kind).map_or("ACTIVE", |parent| self.status(parent));
            (status, paused)
        });
        let statuses = [own, parents[0].0, parents[1].0];
        if let Some(hidden) = statuses.into_iter().find(|status| HIDDEN.contains(status)) {
            return hidden;
        }
        let pausing = parents.into_iter().find(|(status, _)| *status == "PAUSED");
        match (own, pausing) {
            ("ACTIVE", Some((_, paused))) => paused,
            _ => own,
        }
    }

    /// The objects of a kind, created ones first, with one of these effective statuses. With `None`, all but
    /// deleted and archived ones.
    pub(crate) fn list(
        &self,
        account: usize,
        kind: AdObjectKind,
        statuses: Option<&[String]>,
    ) -> Vec<AdObject> {
        let generated = 0..self.world.generated_count(account, kind);
        let generated = generated.map(|number| AdObject { kind, account, number });
        let all = self.stored.created(account, kind).chain(generated);
        all.filter(|object| {
            let status = self.effective_status(*object);
            match statuses {
                Some(wanted) => wanted.iter().any(|wanted| wanted == status),
                None => !HIDDEN.contains(&status),
            }
        })
        .collect()
    }

    /// Like `list`, for what belongs to a campaign or ad set.
    pub(crate) fn children(
        &self,
        parent: AdObject,
        kind: AdObjectKind,
        statuses: Option<&[String]>,
    ) -> Vec<AdObject> {
        let mut rows = self.list(parent.account, kind, statuses);
        rows.retain(|object| self.parent(*object, parent.kind) == Some(parent));
        rows
    }
}

/// The object with the id in a field, as text or number.
pub(crate) fn object_with_id(id: &Value) -> Option<AdObject> {
    let id = id.as_u64().or_else(|| id.as_str()?.parse().ok())?;
    AdObject::from_id(id)
}
