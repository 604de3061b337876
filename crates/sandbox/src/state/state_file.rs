//! The state file: grants, tokens, codes and ad objects as JSON, replaced atomically.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ad_objects::AdObjects;
use super::grants::Grants;
use crate::random::Random;

#[derive(Serialize)]
struct Written<'a> {
    drawn: u64,
    grants: &'a Grants,
    ads: &'a AdObjects,
}

#[derive(Deserialize)]
struct Read {
    drawn: u64,
    grants: Grants,
    #[serde(default)]
    ads: AdObjects,
}

/// A missing file means an empty state; a file that cannot be read is an error, not an empty state.
pub(crate) fn load(path: &Path, random: &Random) -> std::io::Result<(Grants, AdObjects)> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(error),
    };
    let mut read: Read = serde_json::from_slice(&text)?;
    read.grants.rebuild_index();
    random.skip_to(read.drawn);
    Ok((read.grants, read.ads))
}

/// Writes a temporary file and renames it, so that a crash leaves the old file in place.
pub(crate) fn save(path: &Path, grants: &Grants, ads: &AdObjects, random: &Random) -> std::io::Result<()> {
    let text = serde_json::to_vec(&Written { drawn: random.drawn(), grants, ads })?;
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}
