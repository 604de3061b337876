//! The database.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::config::source::{Mistakes, Source};

#[derive(Debug)]
pub struct DatabaseConfig {
    /// `METAADS_DATA_DIR`: the SQLite file; in the demo also the key and the sandbox's state.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`. It may hold a password, so it is never shown.
    pub url: SecretString,
}

impl DatabaseConfig {
    pub(super) fn read(source: &Source, mistakes: &mut Mistakes) -> DatabaseConfig {
        let data_dir = PathBuf::from(source.text("METAADS_DATA_DIR").unwrap_or_else(|| "./data".to_owned()));
        DatabaseConfig { url: database_url(source, &data_dir, mistakes).into(), data_dir }
    }
}

fn database_url(source: &Source, data_dir: &Path, mistakes: &mut Mistakes) -> String {
    match source.secret("DATABASE_URL", mistakes) {
        Some(url) => {
            if !["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
                mistakes.add("DATABASE_URL", "must start with sqlite:// or postgres://");
            }
            url
        }
        None => format!("sqlite://{}/metaads.db", data_dir.display()),
    }
}
