//! The ad objects that every ad account has from the start. They are not stored, but derived from the ad account and
//! a number.

use super::ad_objects::{AdObject, AdObjectKind};
use super::persona::Persona;
use super::tables::World;

/// How many objects an ad account has from the start.
struct Size {
    campaigns: u32,
    ad_sets_per_campaign: u32,
    ads_per_ad_set: u32,
}

impl World {
    fn size(&self, account: usize) -> Size {
        match self.is_busy(account) {
            true => Size { campaigns: 12, ad_sets_per_campaign: 10, ads_per_ad_set: 10 },
            false => Size { campaigns: 4, ad_sets_per_campaign: 2, ads_per_ad_set: 3 },
        }
    }

    /// The agency's first ad account and the one of the sole trader have 1,200 ads, the others 24.
    fn is_busy(&self, account: usize) -> bool {
        let persona = |index: usize| self.people[index].persona;
        let person = self.ad_accounts[account].person;
        account == 0 || person.and_then(persona) == Some(Persona::SoleTrader)
    }

    /// How many objects of a kind an ad account has from the start.
    pub(crate) fn generated_count(&self, account: usize, kind: AdObjectKind) -> u32 {
        let Size { campaigns, ad_sets_per_campaign, ads_per_ad_set } = self.size(account);
        let ad_sets = campaigns * ad_sets_per_campaign;
        match kind {
            AdObjectKind::Campaign => campaigns,
            AdObjectKind::AdSet | AdObjectKind::AdCreative => ad_sets,
            AdObjectKind::Ad => ad_sets * ads_per_ad_set,
            AdObjectKind::AdVideo | AdObjectKind::ReportRun => 0,
        }
    }

    /// The campaign of an ad set; the campaign, ad set or creative of an ad.
    pub(crate) fn generated_parent(&self, object: AdObject, kind: AdObjectKind) -> Option<AdObject> {
        let Size { campaigns: _, ad_sets_per_campaign, ads_per_ad_set } = self.size(object.account);
        let ad_set = match object.kind {
            AdObjectKind::Ad => object.number / ads_per_ad_set,
            AdObjectKind::AdSet => object.number,
            AdObjectKind::Campaign
            | AdObjectKind::AdCreative
            | AdObjectKind::AdVideo
            | AdObjectKind::ReportRun => return None,
        };
        let number = match kind {
            AdObjectKind::Campaign => ad_set / ad_sets_per_campaign,
            AdObjectKind::AdSet | AdObjectKind::AdCreative if object.kind == AdObjectKind::Ad => ad_set,
            AdObjectKind::AdSet
            | AdObjectKind::AdCreative
            | AdObjectKind::Ad
            | AdObjectKind::AdVideo
            | AdObjectKind::ReportRun => return None,
        };
        Some(AdObject { kind, account: object.account, number })
    }
}
