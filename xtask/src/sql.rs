//! `cargo xtask sql`: compiles every statement against a database with the current schema, on both engines, and keeps
//! what the compiler learned in `crates/store/<engine>/.sqlx`, so that other builds need no database.
//!
//! The check is skipped while its inputs are as at the last success: `target/xtask/sql-checked` has their digest.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::postgres::Server;
use crate::process::{Context as _, Outcome, cargo, failure, root, run, state_file};
use crate::schema;

const ENGINES: [&str; 2] = ["sqlite", "postgres"];

/// Rewrites the committed offline data.
pub fn rewrite() -> Outcome {
    let folder = Scratch::new()?;
    generate(&folder.0)?;
    for engine in ENGINES {
        let target = committed(engine);
        if target.exists() {
            fs::remove_dir_all(&target).context(target.display())?;
        }
        fs::create_dir_all(&target).context(target.display())?;
        let files = contents(&folder.0.join(engine))?;
        println!("{engine}: {} statements", files.len());
        for (name, text) in files {
            fs::write(target.join(&name), text).context(name)?;
        }
    }
    Ok(())
}

/// Fails if the committed offline data differs from what the statements and migrations produce.
pub fn check() -> Outcome {
    let digest = digest_of_inputs()?;
    let marker = state_file("sql-checked");
    if fs::read_to_string(&marker).is_ok_and(|checked| checked == digest) {
        println!("crates/store is unchanged since the last check");
        return Ok(());
    }
    let folder = Scratch::new()?;
    generate(&folder.0)?;
    let mut differences = Vec::new();
    for engine in ENGINES {
        let committed = contents(&committed(engine))?;
        differences.extend(compare(engine, &committed, &contents(&folder.0.join(engine))?));
    }
    if differences.is_empty() {
        return fs::write(&marker, digest).context(marker.display());
    }
    Err(failure(format!(
        "the offline data of the statements is out of date; run `cargo xtask sql`:\n{}",
        differences.join("\n")
    )))
}

/// A digest of everything that the check reads: the store with its migrations and offline data, and the versions of
/// the dependencies.
fn digest_of_inputs() -> Outcome<String> {
    let mut files = vec![root().join("Cargo.lock")];
    list_files(&root().join("crates/store"), &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file).context(file.display())?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    for entry in folder.read_dir().context(folder.display())?.flatten() {
        match entry.path() {
            path if path.is_dir() => list_files(&path, files)?,
            path => files.push(path),
        }
    }
    Ok(())
}

/// Writes the offline data of every statement into `folder/<engine>`.
fn generate(folder: &Path) -> Outcome {
    let server = Server::start()?;
    let sqlite_file = folder.join("check.db");
    let run_id = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    schema::build(&sqlite_file, &server)?;
    for engine in ENGINES {
        let target = folder.join(engine);
        fs::create_dir(&target).context(target.display())?;
        // Cargo does not see that a schema has changed. A new flag makes it compile this crate, and only this one,
        // beside the artifacts of other builds.
        let flag = format!(
            "rustc -q --locked --profile check -p metaads-store-{engine} -- --cfg sql_check_{run_id}"
        );
        run(cargo(&flag)
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &target)
            .env("METAADS_CHECK_SQLITE_URL", format!("sqlite://{}", sqlite_file.display()))
            .env("METAADS_CHECK_POSTGRES_URL", server.url(schema::DATABASE)))?;
        if contents(&target)?.is_empty() {
            return Err(failure(format!("compiling metaads-store-{engine} wrote no offline data")));
        }
    }
    Ok(())
}

fn committed(engine: &str) -> PathBuf {
    root().join("crates/store").join(engine).join(".sqlx")
}

/// The data files of a folder by name; none if there is no such folder.
fn contents(folder: &Path) -> Outcome<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in folder.read_dir().context(folder.display())?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).context(path.display())?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(files)
}

fn compare(engine: &str, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let missing = new.iter().filter(|(name, _)| !old.contains_key(*name)).map(|(_, text)| ("lacks", text));
    let stale =
        old.iter().filter(|(name, _)| !new.contains_key(*name)).map(|(_, text)| ("no longer needs", text));
    let changed = new.iter().filter(|(name, text)| old.get(*name).is_some_and(|old| old != *text));
    let changed = changed.map(|(_, text)| ("has outdated data for", text));
    missing
        .chain(stale)
        .chain(changed)
        .map(|(verb, text)| format!("  {engine} {verb}: {}", statement(text)))
        .collect()
}

/// The beginning of the statement that a data file describes.
fn statement(text: &str) -> String {
    let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix("\"query\": \""));
    let words = line.unwrap_or(text).replace("\\n", " ");
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").chars().take(100).collect()
}

/// A temporary folder; removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Outcome<Scratch> {
        let folder = std::env::temp_dir().join(format!("metaads-sql-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).context(folder.display())?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover is a file in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_is_missing_stale_or_changed_is_named_by_its_statement() {
        let files = |names: [(&str, &str); 2]| -> BTreeMap<String, String> {
            names.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
        };
        let old = files([("a.json", "\"query\": \"SELECT\\n  1\""), ("b.json", "\"query\": \"SELECT 2\"")]);
        let new =
            files([("b.json", "\"query\": \"SELECT 2\" changed"), ("c.json", "\"query\": \"SELECT 3\"")]);
        let found = compare("sqlite", &old, &new).join("\n");
        assert!(found.contains("sqlite lacks: SELECT 3"), "{found}");
        assert!(found.contains("sqlite no longer needs: SELECT 1"), "{found}");
        assert!(found.contains("sqlite has outdated data for: SELECT 2"), "{found}");
        assert!(compare("sqlite", &old, &old).is_empty());
    }
}
