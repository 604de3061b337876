//! The invariants of ARCHITECTURE.md that neither the compiler nor clippy can see, read from the source tree. A test that
//! fails names file and line; each shows first, on a bad sample, that it can fail.

mod arrows;
mod assets;
mod sources;

use std::collections::BTreeSet;
use std::fs;

use sources::{Source, files_under, root, sources};

#[track_caller]
fn none(broken: &[String]) {
    assert!(broken.is_empty(), "broken at\n  {}", broken.join("\n  "));
}

#[track_caller]
fn some(broken: &[String], expected: usize) {
    assert_eq!(broken.len(), expected, "the check itself is broken: {broken:#?}");
}

/// Every line of code under `prefixes` that names one of the words.
fn naming(sources: &[Source], prefixes: &[&str], words: &[&str]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| source.is_under(prefixes))
        .flat_map(|source| source.lines_naming(words))
        .collect()
}

const BELOW_THE_WEB: &[&str] = &[
    "crates/graph/",
    "crates/vault/",
    "crates/store/",
    "crates/metaads/src/accounts/",
    "crates/metaads/src/connections/",
    "crates/metaads/src/webhooks/",
];
const SURFACES: &[&str] = &[
    "crates/metaads/src/web/",
    "crates/metaads/src/api/",
    "crates/metaads/src/hooks/",
    "crates/metaads/src/http/",
];
const SQL: &[&str] = &["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];

#[test]
fn the_domain_and_the_libraries_never_name_the_web_framework() {
    let framework = ["axum", "axum_extra", "axum_core"];
    let bad = [
        Source::new("crates/graph/src/a.rs", "use axum::Router; // axum"),
        Source::new("crates/metaads/src/webhooks/a.rs", "fn f() { let maxaxum = \"axum\"; }"),
    ];
    some(&naming(&bad, BELOW_THE_WEB, &framework), 1);
    none(&naming(&sources(), BELOW_THE_WEB, &framework));
}

#[test]
fn the_surfaces_never_name_sql() {
    let check = |sources: &[Source]| {
        let mut broken = naming(sources, SURFACES, &["sqlx", "metaads_store_*"]);
        for source in sources.iter().filter(|source| source.is_under(SURFACES)) {
            broken.extend(source.strings_with(SQL));
        }
        broken
    };
    let bad = "use sqlx::query;\nfn f() { let a = \"SELECT id FROM users\"; } // UPDATE users";
    some(&check(&[Source::new("crates/metaads/src/web/a.rs", bad)]), 2);
    none(&check(&sources()));
}

/// The statements of the store that write, by the names of its table of contents.
fn mutating_statements() -> Vec<String> {
    let path = root().join("crates/store/src/lib.rs");
    let text = fs::read_to_string(path).expect("the store's table of contents is there");
    let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn "));
    let names = names.filter_map(|rest| rest.split('(').next()).map(str::to_owned);
    let reads = ["find_", "list_", "count_ad_accounts", "is_", "next_job_at"];
    names.filter(|name| !reads.iter().any(|read| name.starts_with(read))).collect()
}

#[test]
fn the_surfaces_change_nothing_in_the_store_themselves() {
    let names = mutating_statements();
    assert!(names.len() > 40 && names.contains(&"purge_connection".to_owned()), "{names:?}");
    let words: Vec<String> = names.iter().map(|name| name.to_owned()).collect();
    let check = |sources: &[Source]| {
        let mut broken = Vec::new();
        for source in sources.iter().filter(|source| source.is_under(SURFACES)) {
            for window in source.tokens.windows(3) {
                let is_call =
                    window[0].text == "store" && window[1].text == "." && words.contains(&window[2].text);
                if is_call {
                    broken.push(format!("{}:{}: {}", source.path, window[2].line, window[2].text));
                }
            }
        }
        broken
    };
    let bad = "fn f() { app.store.purge_connection(a); app.store.find_connection(b); }";
    some(&check(&[Source::new("crates/metaads/src/web/a.rs", bad)]), 1);
    none(&check(&sources()));
}

#[test]
fn the_store_never_holds_a_key_and_never_sees_a_token() {
    let secrets = ["Keyring", "AccessToken", "metaads_graph", "secrecy"];
    let bad = [Source::new("crates/store/rows/src/a.rs", "fn a(key: &Keyring, token: AccessToken) {}")];
    some(&naming(&bad, &["crates/store/"], &secrets), 2);
    none(&naming(&sources(), &["crates/store/"], &secrets));
}

/// Which crates of ours each may name, its tests included.
const ALLOWED: &[(&str, &[&str])] = &[
    ("metaads", &["metaads-graph", "metaads-sandbox", "metaads-store", "metaads-vault"]),
    ("metaads-graph", &[]),
    ("metaads-sandbox", &[]),
    (
        "metaads-store",
        &["metaads-store-postgres", "metaads-store-rows", "metaads-store-sqlite", "metaads-vault"],
    ),
    ("metaads-store-postgres", &["metaads-store-rows", "metaads-vault"]),
    ("metaads-store-rows", &["metaads-vault"]),
    ("metaads-store-sqlite", &["metaads-store-rows", "metaads-vault"]),
    ("metaads-vault", &[]),
];

/// The lines of a manifest's dependency tables, each with its number.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let (mut is_inside, mut found) = (false, Vec::new());
    for (number, line) in manifest.lines().enumerate() {
        if let Some(table) = line.strip_prefix('[') {
            is_inside = table.contains("dependencies");
            if let Some((_, name)) = table.split_once("dependencies.") {
                found.push((number + 1, name.trim_end_matches(']')));
            }
        } else if is_inside && line.contains('=') && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            found.push((number + 1, name));
        }
    }
    found
}

fn wrong_dependencies(path: &str, manifest: &str) -> Vec<String> {
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).unwrap_or_default();
    let name = name.trim_matches('"');
    let Some((_, allowed)) = ALLOWED.iter().find(|(of, _)| *of == name) else {
        return vec![format!("{path}: the list of this test does not know {name}")];
    };
    let is_store = name.starts_with("metaads-store");
    let network = ["reqwest", "hyper", "hyper-util", "axum"];
    let mut broken = Vec::new();
    for (number, named) in dependencies(manifest) {
        let is_ours = named.starts_with("metaads");
        if (is_ours && !allowed.contains(&named)) || (is_store && network.contains(&named)) {
            broken.push(format!("{path}:{number}: {name} must not depend on {named}"));
        }
    }
    broken
}

fn manifests() -> Vec<(String, String)> {
    let root = root();
    let mut paths = files_under(&root.join("crates"), "toml");
    paths.retain(|path| path.ends_with("Cargo.toml"));
    paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned(), text)
        })
        .collect()
}

#[test]
fn crates_depend_on_each_other_only_as_drawn_and_sandbox_and_graph_share_nothing() {
    let sandbox = "name = \"metaads-sandbox\"\n[dev-dependencies]\nmetaads-graph.workspace = true";
    let graph = "name = \"metaads-graph\"\n[dependencies.metaads-sandbox]\npath = \"../sandbox\"";
    let store =
        "name = \"metaads-store\"\n[dependencies]\nmetaads-vault.workspace = true\nmetaads-graph = \"1\"";
    for manifest in [sandbox, graph, store, "name = \"metaads-common\""] {
        some(&wrong_dependencies("Cargo.toml", manifest), 1);
    }
    let manifests = manifests();
    assert_eq!(manifests.len(), ALLOWED.len(), "a crate was added or removed");
    let broken: Vec<String> =
        manifests.iter().flat_map(|(path, text)| wrong_dependencies(path, text)).collect();
    none(&broken);
}

#[test]
fn no_transaction_is_open_while_waiting_for_the_network() {
    // The service cannot open a transaction, and the store cannot reach the network.
    let transactions = ["Transaction", "begin_with", "sqlx"];
    let bad = [Source::new("crates/metaads/src/a.rs", "use sqlx::Transaction;")];
    some(&naming(&bad, &["crates/metaads/src/"], &transactions), 2);
    none(&naming(&sources(), &["crates/metaads/src/"], &transactions));
    let network = ["reqwest", "hyper", "TcpStream"];
    let bad = [Source::new("crates/store/queries/a.rs", "fn f() { reqwest::get(url); }")];
    some(&naming(&bad, &["crates/store/"], &network), 1);
    none(&naming(&sources(), &["crates/store/"], &network));
}

fn traits_of_one(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        for window in source.tokens.windows(2).filter(|window| window[0].text == "trait") {
            let name = window[1].text.as_str();
            let implements = |source: &Source| {
                let tokens = &source.tokens;
                let is_impl = |at: usize| {
                    tokens[at].text == name
                        && tokens.get(at + 1).is_some_and(|next| next.text == "for" || next.text == "<")
                        && tokens[at.saturating_sub(12)..at].iter().any(|token| token.text == "impl")
                };
                (0..tokens.len()).filter(|at| is_impl(*at)).count()
            };
            if sources.iter().map(implements).sum::<usize>() < 2 {
                broken
                    .push(format!("{}:{}: {name} has one implementor or none", source.path, window[0].line));
            }
        }
    }
    broken
}

#[test]
fn no_trait_has_a_single_implementor() {
    let bad = "pub trait Mail {}\nimpl Mail for Smtp {}\ntrait Two {}\nimpl Two for A {}\nimpl Two for B {}";
    some(&traits_of_one(&[Source::new("crates/metaads/src/a.rs", bad)]), 1);
    none(&traits_of_one(&sources()));
}

/// Where a constant is computed at its first use; nothing changes it afterwards.
const LAZY_CONSTANTS: &str = "crates/metaads/src/web/static_files.rs";

fn mutable_statics(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        broken.extend(source.lines_naming(&[
            "lazy_static",
            "once_cell",
            "OnceCell",
            "OnceLock",
            "thread_local",
        ]));
        if source.path != LAZY_CONSTANTS {
            broken.extend(source.lines_naming(&["LazyLock"]));
        }
        for window in source.tokens.windows(4).filter(|window| window[0].text == "static") {
            let cells = ["Mutex", "RwLock", "Atomic", "Cell"];
            let is_cell = cells.iter().any(|cell| window[3].text.starts_with(cell));
            if window[1].text == "mut" || (window[2].text == ":" && is_cell) {
                broken.push(format!("{}:{}: a static that changes", source.path, window[0].line));
            }
        }
    }
    broken
}

#[test]
fn there_is_no_global_mutable_state() {
    let bad = "static mut A: u8 = 0;\npub static B: AtomicU8 = AtomicU8::new(0);\nstatic C: &'static str = \"\";\n\
               static D: LazyLock<u8> = LazyLock::new(|| 0);";
    some(&mutable_statics(&[Source::new("crates/metaads/src/a.rs", bad)]), 4);
    none(&mutable_statics(&sources()));
}

fn unpaired(sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) -> Vec<String> {
    sqlite.symmetric_difference(postgres).map(|name| format!("{name} exists for one engine only")).collect()
}

#[test]
fn both_engines_have_migrations_of_the_same_names() {
    let one = |name: &str| BTreeSet::from([name.to_owned()]);
    some(&unpaired(&one("0001_first.sql"), &one("0001_one.sql")), 2);
    let names = |engine: &str| {
        let paths = files_under(&root().join("crates/store/migrations").join(engine), "sql");
        assert!(!paths.is_empty(), "{engine} has no migration");
        paths.into_iter().filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect()
    };
    none(&unpaired(&names("sqlite"), &names("postgres")));
}

const MOST_LINES: usize = 400;

fn long_files(sources: &[Source]) -> Vec<String> {
    let long = sources.iter().filter(|source| source.text.lines().count() > MOST_LINES);
    long.map(|source| format!("{}: {} lines", source.path, source.text.lines().count())).collect()
}

#[test]
fn no_source_file_is_longer_than_400_lines() {
    some(&long_files(&[Source::new("a.rs", &"\n".repeat(401)), Source::new("b.rs", &"\n".repeat(400))]), 1);
    none(&long_files(&sources()));
}
