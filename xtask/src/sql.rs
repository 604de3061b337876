//! `cargo xtask sql`: compiles every statement against both real schemas, and keeps what the
//! compiler learned of them in `crates/store/<engine>/.sqlx`, so that nobody else needs a database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::postgres::Server;
use crate::process::{Doing as _, Outcome, cargo, failure, root, run};
use crate::schema;

const ENGINES: [&str; 2] = ["sqlite", "postgres"];

/// Rewrites the committed data.
pub fn rewrite() -> Outcome {
    let folder = Scratch::new()?;
    generate(&folder.0)?;
    for engine in ENGINES {
        let target = committed(engine);
        if target.exists() {
            fs::remove_dir_all(&target).doing(target.display())?;
        }
        fs::create_dir_all(&target).doing(target.display())?;
        let files = contents(&folder.0.join(engine))?;
        println!("{engine}: {} statements", files.len());
        for (name, text) in files {
            fs::write(target.join(&name), text).doing(name)?;
        }
    }
    Ok(())
}

/// Fails where the committed data is not what the statements and migrations give.
pub fn check() -> Outcome {
    let folder = Scratch::new()?;
    generate(&folder.0)?;
    let mut differences = Vec::new();
    for engine in ENGINES {
        let committed = contents(&committed(engine))?;
        differences.extend(compare(engine, &committed, &contents(&folder.0.join(engine))?));
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(failure(format!(
        "the committed data of the statements is out of date; run `cargo xtask sql`:\n{}",
        differences.join("\n")
    )))
}

/// Fills `folder/<engine>` with the data of every statement.
fn generate(folder: &Path) -> Outcome {
    let server = Server::start()?;
    let sqlite_file = folder.join("check.db");
    schema::build(&sqlite_file, &server)?;
    for engine in ENGINES {
        let target = folder.join(engine);
        fs::create_dir(&target).doing(target.display())?;
        // The compiler cannot know that a schema has changed.
        let source = root().join("crates/store").join(engine).join("src/lib.rs");
        let touched =
            File::options().append(true).open(&source).and_then(|file| file.set_modified(SystemTime::now()));
        touched.doing(source.display())?;
        run(cargo(&format!("check -q --locked -p metaads-store-{engine}"))
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &target)
            .env("METAADS_CHECK_SQLITE_URL", format!("sqlite://{}", sqlite_file.display()))
            .env("METAADS_CHECK_POSTGRES_URL", server.url(schema::DATABASE)))?;
        if contents(&target)?.is_empty() {
            return Err(failure(format!("compiling metaads-store-{engine} wrote no data of its statements")));
        }
    }
    Ok(())
}

fn committed(engine: &str) -> PathBuf {
    root().join("crates/store").join(engine).join(".sqlx")
}

/// The data files of a folder by name; none where there is no such folder.
fn contents(folder: &Path) -> Outcome<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in folder.read_dir().doing(folder.display())?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).doing(path.display())?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(files)
}

fn compare(engine: &str, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let missing = new.iter().filter(|(name, _)| !old.contains_key(*name)).map(|(_, text)| ("lacks", text));
    let stale =
        old.iter().filter(|(name, _)| !new.contains_key(*name)).map(|(_, text)| ("needs no more", text));
    let changed = new.iter().filter(|(name, text)| old.get(*name).is_some_and(|old| old != *text));
    let changed = changed.map(|(_, text)| ("describes wrongly", text));
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

/// A folder that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Outcome<Scratch> {
        let folder = std::env::temp_dir().join(format!("metaads-sql-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).doing(folder.display())?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is a file of the temporary folder.
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
        assert!(found.contains("sqlite needs no more: SELECT 1"), "{found}");
        assert!(found.contains("sqlite describes wrongly: SELECT 2"), "{found}");
        assert!(compare("sqlite", &old, &old).is_empty());
    }
}
