//! Campaigns, ad sets, ads and ad creatives. Their ids contain the kind, the ad account and a number, so that nothing
//! has to be looked up.

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
