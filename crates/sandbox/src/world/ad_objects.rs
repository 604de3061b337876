//! Campaigns, ad sets, ads and ad creatives.
//!
//! Every ad account has some of them from the start. They are not stored, but derived from the ad account and a
//! number. An id contains the kind, the ad account and the number, so that nothing has to be looked up.

use super::persona::Persona;
use super::tables::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdObjectKind {
    Campaign,
    AdSet,
    Ad,
    AdCreative,
    AdVideo,
    /// An asynchronous insights report.
    ReportRun,
}

/// An object of an ad account, generated or created through the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdObject {
    pub(crate) kind: AdObjectKind,
    /// Index of the ad account.
    pub(crate) account: usize,
    pub(crate) number: u32,
}

/// Objects created through the API have this number and higher ones.
pub(crate) const FIRST_CREATED: u32 = 500_000_000;

/// Ids have 18 digits: the kind as four digits, the ad account as five, the number as nine.
const ACCOUNTS: u64 = 100_000;
const NUMBERS: u64 = 1_000_000_000;

/// How many objects an ad account has from the start.
struct Size {
    campaigns: u32,
    ad_sets_per_campaign: u32,
    ads_per_ad_set: u32,
}

impl AdObjectKind {
    const ALL: [AdObjectKind; 6] = [
        AdObjectKind::Campaign,
        AdObjectKind::AdSet,
        AdObjectKind::Ad,
        AdObjectKind::AdCreative,
        AdObjectKind::AdVideo,
        AdObjectKind::ReportRun,
    ];

    /// The first four digits of an id.
    fn prefix(self) -> u64 {
        match self {
            AdObjectKind::Campaign => 1202,
            AdObjectKind::AdSet => 1203,
            AdObjectKind::Ad => 1204,
            AdObjectKind::AdCreative => 1205,
            AdObjectKind::AdVideo => 1206,
            AdObjectKind::ReportRun => 1207,
        }
    }
}

impl AdObject {
    pub(crate) fn id(self) -> u64 {
        (self.kind.prefix() * ACCOUNTS + self.account as u64) * NUMBERS + u64::from(self.number)
    }

    /// The inverse of `id`. The object need not exist.
    pub(crate) fn from_id(id: u64) -> Option<AdObject> {
        let prefix = id / NUMBERS / ACCOUNTS;
        let kind = AdObjectKind::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
        let account = usize::try_from(id / NUMBERS % ACCOUNTS).ok()?;
        Some(AdObject { kind, account, number: u32::try_from(id % NUMBERS).ok()? })
    }

    pub(crate) fn is_generated(self) -> bool {
        self.number < FIRST_CREATED
    }
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
        let number = match (object.kind, kind) {
            (AdObjectKind::Ad, AdObjectKind::AdSet | AdObjectKind::AdCreative) => {
                object.number / ads_per_ad_set
            }
            (AdObjectKind::Ad, AdObjectKind::Campaign) => {
                object.number / ads_per_ad_set / ad_sets_per_campaign
            }
            (AdObjectKind::AdSet, AdObjectKind::Campaign) => object.number / ad_sets_per_campaign,
            _ => return None,
        };
        Some(AdObject { kind, account: object.account, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_can_be_decoded() {
        for kind in AdObjectKind::ALL {
            let object = AdObject { kind, account: 1306, number: FIRST_CREATED + 7 };
            assert_eq!(object.id().to_string().len(), 18);
            assert_eq!(AdObject::from_id(object.id()), Some(object));
        }
        assert_eq!(AdObject::from_id(10_158_760_143_021_101), None);
    }
}
