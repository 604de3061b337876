//! The state file: grants, tokens and codes as JSON, whole or not at all.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::grants::Grants;
use crate::random::Random;

#[derive(Serialize)]
struct Written<'a> {
    drawn: u64,
    grants: &'a Grants,
}

#[derive(Deserialize)]
struct Read {
    drawn: u64,
    grants: Grants,
}

/// Reads the file; none yet means nothing granted yet. A file that cannot be read is an error, not a loss.
pub(crate) fn load(path: &Path, random: &Random) -> std::io::Result<Grants> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Grants::default()),
        Err(error) => return Err(error),
    };
    let mut read: Read = serde_json::from_slice(&text)?;
    read.grants.rebuild_index();
    random.skip_to(read.drawn);
    Ok(read.grants)
}

/// Writes beside the file and renames: a crash leaves the old one.
pub(crate) fn save(path: &Path, grants: &Grants, random: &Random) -> std::io::Result<()> {
    let text = serde_json::to_vec(&Written { drawn: random.drawn(), grants })?;
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}
