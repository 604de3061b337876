//! Creates the Pages of the personas, some with an Instagram account.

use super::ids::hashed_id;
use super::names;
use super::pages::{Instagram, Page};
use super::tables::World;

const CATEGORIES: [&str; 5] =
    ["Local business", "Retail company", "Advertising agency", "Cafe", "Shopping mall"];

/// 41 Pages, 27 of them with Instagram; three belong to no business.
pub(super) fn agency(world: &mut World, person: usize, businesses: [usize; 3]) {
    for index in 0..41 {
        let business = match index {
            0 | 4..20 => Some(businesses[0]),
            1 | 20..36 => Some(businesses[1]),
            2 | 36..38 => Some(businesses[2]),
            _ => None,
        };
        let has_instagram = index < 27;
        add(world, person, &names::page(index), business, has_instagram);
    }
}

pub(super) fn sole_trader(world: &mut World, person: usize, name: &str, with_instagram: bool) {
    add(world, person, name, None, with_instagram);
}

pub(super) fn trouble(world: &mut World, person: usize, business: usize) {
    add(world, person, "Mei Design", Some(business), true);
}

/// Three Pages of a business portfolio: with a professional Instagram account, with a personal one, without one.
pub(super) fn portfolio(world: &mut World, person: usize, business: usize) {
    add(world, person, "Konditorei Wolkenkuchen", Some(business), true);
    add(world, person, "Wolkenkuchen Backstube", Some(business), true);
    add(world, person, "Wolkenkuchen Lieferdienst", Some(business), false);
    let personal = world.pages.iter_mut().rev().nth(1).and_then(|page| page.instagram.as_mut());
    if let Some(instagram) = personal {
        instagram.is_professional = false;
    }
}

/// The Page of a client, shared with an agency.
pub(super) fn of_client(world: &mut World, person: usize, client: usize, agency: usize) {
    add(world, person, "Seilerei Tau & Ende", Some(client), true);
    if let Some(page) = world.pages.last_mut() {
        page.agency = Some(agency);
    }
}

fn add(world: &mut World, person: usize, name: &str, business: Option<usize>, has_instagram: bool) {
    let index = world.pages.len();
    let instagram = has_instagram.then(|| Instagram {
        // Meta's ids of Instagram accounts start with 17841.
        id: 17_841_400_000_000_000 + hashed_id(6, index as u64, 11),
        username: username(name, index),
        followers: 120 + u32::try_from(index).unwrap_or(0) * 373,
        is_professional: true,
    });
    world.pages.push(Page {
        id: hashed_id(5, index as u64, 15),
        name: name.into(),
        category: CATEGORIES[index % CATEGORIES.len()],
        person,
        business,
        agency: None,
        is_full_role: index % 6 != 5,
        instagram,
    });
}

fn username(name: &str, index: usize) -> Box<str> {
    let plain: String = name
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('.'),
            'a'..='z' | '0'..='9' => Some(letter),
            _ => None,
        })
        .collect();
    format!("{}.{index}", plain.trim_matches('.')).trim_matches('.').into()
}
