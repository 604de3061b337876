//! The Instagram account of a person, as Instagram Login shows it.

use super::ids::permuted;
use super::tables::World;

pub(crate) struct InstagramProfile {
    /// The id of the professional account, the same as on the Facebook side.
    pub(crate) user_id: u64,
    /// The app-scoped id.
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) name: String,
}

impl World {
    /// The Instagram account of the person's first Page that has one; otherwise an account without a Page.
    pub(crate) fn instagram_profile(&self, person: usize) -> InstagramProfile {
        let id = 24_000_000_000_000_000 + permuted(self.people[person].seed, 15);
        let mine = self.pages.iter().filter(|page| page.person == person);
        let linked = mine.filter_map(|page| page.professional().map(|instagram| (page, instagram)));
        match linked.into_iter().next() {
            Some((page, instagram)) => InstagramProfile {
                user_id: instagram.id,
                id,
                username: instagram.username.to_string(),
                name: page.name.to_string(),
            },
            None => {
                let person = &self.people[person];
                InstagramProfile {
                    // Beyond the ids of accounts that are linked to a Page.
                    user_id: 17_841_500_000_000_000 + id % 100_000_000_000,
                    id,
                    username: person.handle(),
                    name: person.name.clone(),
                }
            }
        }
    }
}
