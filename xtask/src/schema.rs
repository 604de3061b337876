//! Builds both schemas from the migrations and checks that they have the same files, tables and columns.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres::Server;
use crate::process::{Context as _, Outcome, failure, read, root};

/// The database with the schema on the temporary server.
pub const DATABASE: &str = "metaads_check";

/// Builds both schemas. Fails if they differ.
pub fn build(sqlite_file: &Path, server: &Server) -> Outcome {
    let (sqlite, postgres) = (migrations("sqlite")?, migrations("postgres")?);
    compare("migration", &names(&sqlite), &names(&postgres))?;
    for file in &sqlite {
        read(sqlite3(sqlite_file).arg(format!(".read '{}'", file.display())))
            .map_err(|error| failure(format!("{}: {}", file.display(), error.text)))?;
    }
    read(server.psql("postgres").args(["-c", &format!("CREATE DATABASE {DATABASE}")]))?;
    for file in &postgres {
        read(server.psql(DATABASE).arg("-1").arg("-f").arg(file))
            .map_err(|error| failure(format!("{}: {}", file.display(), error.text)))?;
    }
    compare("column", &sqlite_columns(sqlite_file)?, &postgres_columns(server)?)
}

fn sqlite3(file: &Path) -> Command {
    let mut command = Command::new("sqlite3");
    command.args(["-batch", "-bail", "-init", "/dev/null"]).arg(file);
    command
}

fn migrations(engine: &str) -> Outcome<Vec<PathBuf>> {
    let folder = root().join("crates/store/migrations").join(engine);
    let entries = folder.read_dir().context(folder.display())?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    if files.is_empty() {
        return Err(failure(format!("{} contains no migration", folder.display())));
    }
    Ok(files)
}

fn names(files: &[PathBuf]) -> BTreeSet<String> {
    files.iter().filter_map(|file| file.file_name()).map(|name| name.to_string_lossy().into_owned()).collect()
}

fn sqlite_columns(file: &Path) -> Outcome<BTreeSet<String>> {
    let query = "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    Ok(lines(&read(sqlite3(file).arg(query))?))
}

fn postgres_columns(server: &Server) -> Outcome<BTreeSet<String>> {
    let query = "SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c
                 JOIN information_schema.tables t USING (table_schema, table_name)
                 WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'";
    Ok(lines(&read(server.psql(DATABASE).args(["-c", query]))?))
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn compare(what: &str, sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) -> Outcome {
    let only = |here: &BTreeSet<String>, there: &BTreeSet<String>, engine: &str| -> Vec<String> {
        here.difference(there).map(|name| format!("  only {engine} has the {what} {name}")).collect()
    };
    let mut differences = only(sqlite, postgres, "SQLite");
    differences.extend(only(postgres, sqlite, "PostgreSQL"));
    if differences.is_empty() {
        return Ok(());
    }
    Err(failure(format!("the two schemas differ:\n{}", differences.join("\n"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_column_of_only_one_engine_is_named() {
        assert!(compare("column", &set(&["users.id"]), &set(&["users.id"])).is_ok());
        let failure = compare("column", &set(&["users.id", "users.age"]), &set(&["users.id", "users.born"]))
            .unwrap_err();
        assert!(failure.text.contains("only SQLite has the column users.age"), "{}", failure.text);
        assert!(failure.text.contains("only PostgreSQL has the column users.born"), "{}", failure.text);
    }
}
