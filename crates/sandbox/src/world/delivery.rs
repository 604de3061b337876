//! How often the generated ads were shown: the same numbers in every run.

use std::ops::AddAssign;

use super::ad_objects::AdObject;
use super::ids::hashed_id;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) impressions: u64,
    pub(crate) clicks: u64,
    /// In hundredths of the currency.
    pub(crate) spend: u64,
}

impl AddAssign for Delivery {
    fn add_assign(&mut self, more: Delivery) {
        self.impressions += more.impressions;
        self.clicks += more.clicks;
        self.spend += more.spend;
    }
}

/// What an ad delivered on a day (since 1970). Ads created through the API deliver nothing.
pub(crate) fn of_day(ad: AdObject, day: i64) -> Delivery {
    if !ad.is_generated() {
        return Delivery::default();
    }
    let ad = ad.account as u64 * 10_000 + u64::from(ad.number);
    let hash = hashed_id(9, ad * 100_000 + day.unsigned_abs(), 18);
    let impressions = 100 + hash % 900;
    let clicks = impressions * (1 + hash / 1_000 % 4) / 100;
    Delivery { impressions, clicks, spend: impressions + clicks * (10 + hash / 10_000 % 40) }
}
