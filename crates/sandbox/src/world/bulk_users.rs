//! Users without ad accounts, businesses or Pages, for tests that need thousands of them.

use super::ids::permuted;
use super::people::Person;
use super::persona::FIRST_PERSONAS;

/// The app-scoped id of bulk user number `index`: 17 digits, stable across runs, distinct from all other ids.
pub fn bulk_user_id(index: usize) -> String {
    // Ids of personas start with 101 and 102.
    format!("105{:014}", permuted(index, 14))
}

pub(super) fn people(count: usize) -> impl Iterator<Item = Person> {
    (0..count).map(|index| Person {
        user_id: bulk_user_id(index),
        name: format!("Person {index:05}"),
        persona: None,
        business: None,
        seed: FIRST_PERSONAS + index,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::world::persona::Persona;

    #[test]
    fn bulk_user_ids_are_unique() {
        let mut ids: HashSet<String> = (0..10_000).map(bulk_user_id).collect();
        assert!(ids.iter().all(|id| id.len() == 17 && id.bytes().all(|byte| byte.is_ascii_digit())));
        ids.extend(Persona::ALL.map(|persona| persona.user_id().to_owned()));
        assert_eq!(ids.len(), 10_000 + Persona::ALL.len());
        assert_eq!(bulk_user_id(1), "10561803398874989");
    }
}
