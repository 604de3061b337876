//! Instagram's own view of a person, behind the tokens of Instagram's own login.

use super::World;
use super::crowd::scattered;

pub(crate) struct Profile {
    /// The id of the professional account, as Facebook's side shows it too.
    pub(crate) user_id: u64,
    /// The app-scoped id.
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) name: String,
}

impl World {
    /// The Instagram account of the person's first Page that has one, else one without a Page.
    pub(crate) fn profile(&self, person: usize) -> Profile {
        let id = 24_000_000_000_000_000 + scattered(self.people[person].number, 15);
        let mine = self.pages.iter().filter(|page| page.person == person);
        let linked = mine.filter_map(|page| page.professional().map(|instagram| (page, instagram)));
        match linked.into_iter().next() {
            Some((page, instagram)) => Profile {
                user_id: instagram.id,
                id,
                username: instagram.username.to_string(),
                name: page.name.to_string(),
            },
            None => {
                let person = &self.people[person];
                Profile {
                    // Behind the ids of those that hang on a Page.
                    user_id: 17_841_500_000_000_000 + id % 100_000_000_000,
                    id,
                    username: person.handle(),
                    name: person.name.clone(),
                }
            }
        }
    }
}
