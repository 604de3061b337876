//! Ad accounts. Compact, because the agency alone has 1,307 of them.

use super::ids::hashed_id;
use super::names;

pub(crate) const CURRENCIES: [&str; 4] = ["EUR", "CHF", "JPY", "USD"];

/// Meta's id, the name, and the offset in hours (winter time).
pub(crate) const TIMEZONES: [(u32, &str, f64); 6] = [
    (47, "Europe/Berlin", 1.0),
    (44, "Europe/Zurich", 1.0),
    (76, "Asia/Tokyo", 9.0),
    (7, "America/New_York", -5.0),
    (1, "America/Los_Angeles", -8.0),
    (71, "Asia/Kolkata", 5.5),
];

#[derive(Debug)]
pub(crate) struct AdAccount {
    pub(crate) id: u64,
    pub(crate) name: Box<str>,
    /// The person with a role on it. With `None`, it is visible only through a business.
    pub(crate) person: Option<usize>,
    /// The business that owns it.
    pub(crate) owner: Option<usize>,
    /// The business it is shared with.
    pub(crate) agency: Option<usize>,
    pub(crate) status: i64,
    pub(crate) disable_reason: i64,
    pub(crate) amount_spent: u64,
    pub(crate) balance: u64,
    pub(crate) spend_cap: u64,
    pub(crate) created_at: i64,
    pub(crate) currency: u8,
    pub(crate) timezone: u8,
    /// How many of Meta's tasks the person has: 5 is all of them, 3 excludes MANAGE, 1 is ANALYZE only.
    pub(crate) tasks: u8,
    pub(crate) has_business_name: bool,
}

impl AdAccount {
    pub(super) fn plain(
        person: Option<usize>,
        name: &str,
        currency: &str,
        status: i64,
        reason: i64,
    ) -> AdAccount {
        let currency = CURRENCIES.iter().position(|known| *known == currency).unwrap_or(0);
        let seed = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let seed = seed % 1_000_000;
        AdAccount {
            id: hashed_id(3, 10_000_000 + seed, 15),
            name: name.into(),
            person,
            owner: None,
            agency: None,
            status,
            disable_reason: reason,
            amount_spent: 100_000 + seed * 37,
            balance: 0,
            spend_cap: 0,
            created_at: 1_600_000_000 + i64::try_from(seed).unwrap_or(0) * 60,
            currency: u8::try_from(currency).unwrap_or(0),
            timezone: u8::try_from(currency).unwrap_or(0),
            tasks: 5,
            has_business_name: true,
        }
    }
}

/// The agency's ad account number `index`.
pub(super) fn agency_account(
    person: usize,
    index: usize,
    owner: Option<usize>,
    agency: Option<usize>,
) -> AdAccount {
    let name = names::account(index);
    let currency = match index {
        1285..1306 => "JPY",
        _ => ["EUR", "EUR", "EUR", "CHF", "EUR", "USD", "EUR"][index % 7],
    };
    let (status, reason) = agency_status(index);
    let mut account = AdAccount::plain(Some(person), &name, currency, status, reason);
    let digits = 12 + u32::try_from(index * 7 % 6).unwrap_or(0);
    account.id = hashed_id(4, index as u64, digits);
    account.owner = owner;
    account.agency = agency;
    if index % 11 == 5 {
        account.timezone = 5 - u8::try_from(index % 2).unwrap_or(0);
    }
    account.spend_cap = if index % 9 == 4 { 5_000_000 } else { 0 };
    account.balance = if matches!(status, 3 | 8 | 9) { 48_210 } else { (index as u64 * 131) % 9_000 };
    account.tasks = match index % 13 {
        6 => 3,
        11 => 1,
        _ => 5,
    };
    account.has_business_name = index != 77;
    account
}

/// Status and disable reason: 39 unusable accounts (25 disabled, 9 closed, 5 closing), 31 unsettled or under
/// review, the rest active.
fn agency_status(index: usize) -> (i64, i64) {
    if index % 33 == 17 && index / 33 < 39 {
        let nth = index / 33;
        return match nth {
            0..25 => (2, [1, 3, 2, 11, 6, 15, 4, 12][nth % 8]),
            25..34 => (101, if nth.is_multiple_of(2) { 7 } else { 9 }),
            _ => (100, 0),
        };
    }
    if index % 41 == 23 {
        return ([3, 7, 9, 8][index / 41 % 4], 0);
    }
    (1, 0)
}
