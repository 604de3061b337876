//! The invariants of ARCHITECTURE.md, read off the source tree. A test that fails names file and line;
//! each shows first, on a bad sample, that it can fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file as three texts of the same lines.
struct Source {
    path: String,
    text: String,
    /// Without comments and the content of strings.
    code: String,
    /// Only the content of strings.
    strings: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        let (code, strings) = split(text);
        Source { path: path.to_owned(), text: text.to_owned(), code, strings }
    }

    /// Whether its path begins with one of these.
    fn is_under(&self, prefixes: &[&str]) -> bool {
        prefixes.iter().any(|prefix| self.path.starts_with(prefix))
    }

    /// The code before the tests at its end.
    fn code_without_tests(&self) -> &str {
        self.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }
}

/// Parts a text into code and strings, keeping the lines of each.
fn split(text: &str) -> (String, String) {
    let letters: Vec<char> = text.chars().collect();
    let (mut code, mut strings) = (String::new(), String::new());
    let mut at = 0;
    while at < letters.len() {
        let (end, is_string) = piece(&letters, at);
        for &letter in &letters[at..end] {
            let kept_in_both = letter == '\n';
            code.push(if kept_in_both || end == at + 1 { letter } else { ' ' });
            strings.push(if kept_in_both || is_string { letter } else { ' ' });
        }
        at = end;
    }
    (code, strings)
}

/// Where the comment, string or letter that begins at `at` ends, and whether it is a string.
fn piece(letters: &[char], at: usize) -> (usize, bool) {
    let letter = |offset: usize| letters.get(at + offset).copied().unwrap_or('\n');
    let starts_word = at == 0 || !is_word(letters[at - 1]) || (letters[at - 1] == 'b' && letter(0) == 'r');
    match (letter(0), letter(1)) {
        ('/', '/') => (until(letters, at, |rest| rest[0] == '\n'), false),
        ('/', '*') => (end_of_comment(letters, at), false),
        ('"', _) => (end_of_string(letters, at, '"'), true),
        ('\'', '\\') => (end_of_string(letters, at, '\''), false),
        ('\'', _) if letter(2) == '\'' => (at + 3, false),
        ('r', '"' | '#') if starts_word => {
            let marks = letters[at + 1..].iter().take_while(|&&letter| letter == '#').count();
            if letter(marks + 1) != '"' {
                return (at + 1, false);
            }
            let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', marks)).collect();
            let inside = at + marks + 2;
            (until(letters, inside, |rest| rest.starts_with(&closing)) + closing.len(), true)
        }
        _ => (at + 1, false),
    }
}

fn until(letters: &[char], from: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (from..letters.len()).find(|&at| is_end(&letters[at..])).unwrap_or(letters.len())
}

fn end_of_comment(letters: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < letters.len() {
        let step = if letters[at..].starts_with(&['/', '*']) {
            depth += 1;
            2
        } else if letters[at..].starts_with(&['*', '/']) {
            depth -= 1;
            2
        } else {
            1
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at.min(letters.len())
}

fn end_of_string(letters: &[char], from: usize, quote: char) -> usize {
    let mut at = from + 1;
    while at < letters.len() && letters[at] != quote {
        at += if letters[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(letters.len())
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/metaads is two below").to_owned()
}

fn files_under(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_under(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
}

/// What the product is compiled from: `crates/**`, without tests and benches.
fn sources() -> Vec<Source> {
    let (root, mut paths) = (root(), Vec::new());
    files_under(&root.join("crates"), "rs", &mut paths);
    let mut sources = Vec::new();
    for file in paths {
        let path = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().into_owned();
        let is_test = path.contains("/tests/") || path.contains("/benches/") || path.ends_with("_tests.rs");
        if !is_test {
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
            sources.push(Source::new(&path, &text));
        }
    }
    assert!(sources.len() > 80, "the sources are not where they were: {}", root.display());
    sources
}

/// The lines of a text in which the words stand, each as a whole; `env::var*` is the beginning of one.
fn lines_naming(path: &str, text: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for &word in words {
            let (part, is_open) = word.strip_suffix('*').map_or((word, false), |part| (part, true));
            let is_there = line.match_indices(part).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = line[at + part.len()..].chars().next();
                let is_open_before = !part.starts_with(is_word) || !before.is_some_and(is_word);
                is_open_before && (is_open || !part.ends_with(is_word) || !after.is_some_and(is_word))
            });
            if is_there {
                found.push(format!("{path}:{}: {part}", number + 1));
            }
        }
    }
    found
}

/// Fails with every line of code under `prefixes` that has one of the words.
fn never_name(sources: &[Source], prefixes: &[&str], words: &[&str]) -> Vec<String> {
    let looked_at = sources.iter().filter(|source| source.is_under(prefixes));
    looked_at.flat_map(|source| lines_naming(&source.path, source.code_without_tests(), words)).collect()
}

#[track_caller]
fn none(broken: &[String]) {
    assert!(broken.is_empty(), "broken at\n  {}", broken.join("\n  "));
}

#[track_caller]
fn some(broken: &[String], expected: usize) {
    assert_eq!(broken.len(), expected, "the check itself is broken: {broken:#?}");
}

const BELOW_THE_WEB: &[&str] = &[
    "crates/graph/",
    "crates/vault/",
    "crates/store/",
    "crates/metaads/src/accounts/",
    "crates/metaads/src/connections/",
    "crates/metaads/src/webhooks/",
];
const WEB_FRAMEWORK: &[&str] = &["axum", "axum_extra", "axum_core"];
const SURFACES: &[&str] =
    &["crates/metaads/src/web/", "crates/metaads/src/api/", "crates/metaads/src/hooks/"];
const SQL: &[&str] = &["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];

#[test]
fn what_decides_and_what_stores_never_names_the_web_framework() {
    let bad = [
        Source::new("crates/graph/src/a.rs", "use axum::Router; // axum"),
        Source::new("crates/metaads/src/webhooks/a.rs", "// axum\nlet maxaxum = \"axum\";"),
    ];
    some(&never_name(&bad, BELOW_THE_WEB, WEB_FRAMEWORK), 1);
    none(&never_name(&sources(), BELOW_THE_WEB, WEB_FRAMEWORK));
}

#[test]
fn the_surfaces_never_name_sql() {
    let check = |sources: &[Source]| {
        let mut broken = never_name(sources, SURFACES, &["sqlx", "metaads_store_*"]);
        for source in sources.iter().filter(|source| source.is_under(SURFACES)) {
            broken.extend(lines_naming(&source.path, &source.strings, SQL));
        }
        broken
    };
    let bad = "use sqlx::query;\nlet a = r#\"\nSELECT id FROM users\"#; // UPDATE users";
    some(&check(&[Source::new("crates/metaads/src/web/a.rs", bad)]), 2);
    none(&check(&sources()));
}

#[test]
fn the_store_never_holds_a_key_and_never_sees_a_token() {
    let secrets = ["Keyring", "AccessToken", "metaads_graph", "secrecy"];
    let bad = [Source::new("crates/store/rows/src/a.rs", "fn a(key: &Keyring, token: AccessToken) {}")];
    some(&never_name(&bad, &["crates/store/"], &secrets), 2);
    none(&never_name(&sources(), &["crates/store/"], &secrets));
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
    let (root, mut paths) = (root(), Vec::new());
    files_under(&root.join("crates"), "toml", &mut paths);
    paths.retain(|path| path.ends_with("Cargo.toml"));
    let read = |path: &PathBuf| {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths
        .iter()
        .map(|path| (path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned(), read(path)))
        .collect()
}

#[test]
fn crates_depend_on_each_other_only_in_the_drawn_direction_and_sandbox_and_graph_share_nothing() {
    let sandbox = "name = \"metaads-sandbox\"\n[dev-dependencies]\nmetaads-graph.workspace = true";
    let graph = "name = \"metaads-graph\"\n[dependencies.metaads-sandbox]\npath = \"../sandbox\"";
    let store =
        "name = \"metaads-store\"\n[dependencies]\nmetaads-vault.workspace = true\nmetaads-graph = \"1\"";
    for manifest in [sandbox, graph, store, "name = \"metaads-common\""] {
        some(&wrong_dependencies("Cargo.toml", manifest), 1);
    }
    let manifests = manifests();
    assert_eq!(manifests.len(), ALLOWED.len(), "a crate came or went");
    let broken: Vec<String> =
        manifests.iter().flat_map(|(path, text)| wrong_dependencies(path, text)).collect();
    none(&broken);
}

#[test]
fn no_transaction_is_open_across_a_wait_for_the_network() {
    let transactions = [".begin(", "begin_with(", "Transaction"];
    let bad = [Source::new(
        "crates/metaads/src/a.rs",
        "let mut tx = store.begin().await?;\nauthorize::begin(&app);",
    )];
    some(&never_name(&bad, &["crates/metaads/"], &transactions), 1);
    none(&never_name(&sources(), &["crates/metaads/"], &transactions));
    let network = ["reqwest", "hyper", "TcpStream"];
    let bad = [Source::new("crates/store/queries/a.rs", "reqwest::get(url).await")];
    some(&never_name(&bad, &["crates/store/"], &network), 1);
    none(&never_name(&sources(), &["crates/store/"], &network));
    some(
        &wrong_dependencies("Cargo.toml", "name = \"metaads-store-rows\"\n[dependencies]\nreqwest = \"1\""),
        1,
    );
}

/// What only one file may name, and that file. The sandbox stands for a foreign server, with a clock of its
/// own; the measuring program stands for a browser.
const HOMES: &[(&str, &[&str])] = &[
    ("crates/metaads/src/clock.rs", &["SystemTime::now", "Timestamp::now", "Zoned::now"]),
    ("crates/metaads/src/random.rs", &["SystemRandom", "getrandom*", "rand::fill"]),
    ("crates/metaads/src/tasks.rs", &["tokio::spawn", "task::spawn*", "thread::spawn", "JoinSet"]),
    ("crates/metaads/src/config/source.rs", &["env::var*", "env::set_var", "env::remove_var", "dotenvy"]),
    ("crates/graph/src/client.rs", &["Client::builder", "Client::new", "ClientBuilder", "reqwest::get"]),
];

fn far_from_home(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for (home, words) in HOMES {
        for source in sources.iter().filter(|source| {
            source.path != *home && !source.is_under(&["crates/sandbox/", "crates/metaads/examples/"])
        }) {
            broken.extend(lines_naming(&source.path, source.code_without_tests(), words));
        }
    }
    broken
}

#[test]
fn clock_randomness_environment_tasks_and_http_client_have_one_home_each() {
    let text = "let a = std::env::var_os(\"A\");\nlet b = jiff::Timestamp::now();\ntokio::spawn(b);\n\
                let c = SystemTime::now();\nSystemRandom::new();\ntasks::spawn(a);\n#[cfg(test)]\nmod tests {\ntokio::spawn(a);";
    some(&far_from_home(&[Source::new("crates/metaads/src/a.rs", text)]), 5);
    some(&far_from_home(&[Source::new("crates/metaads/src/tasks.rs", text)]), 4);
    none(&far_from_home(&sources()));
}

fn traits_of_one(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        for (number, line) in source.code.lines().enumerate() {
            let Some((_, rest)) = line
                .split_once("trait ")
                .filter(|(before, _)| before.is_empty() || *before == "pub " || before.ends_with(") "))
            else {
                continue;
            };
            let name: String = rest.chars().take_while(|&letter| is_word(letter)).collect();
            let of = |source: &Source| {
                let lines = source.code.lines().filter(|line| line.trim_start().starts_with("impl"));
                lines
                    .filter(|line| {
                        line.contains(&format!("{name} for ")) || line.contains(&format!("{name}<"))
                    })
                    .count()
            };
            if sources.iter().map(of).sum::<usize>() < 2 {
                broken.push(format!("{}:{}: {name} has one implementor or none", source.path, number + 1));
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

/// Where a constant is worked out at the first use; nothing changes it afterwards.
const LAZY_CONSTANTS: &str = "crates/metaads/src/ui.rs";

fn mutable_statics(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let code = source.code_without_tests();
        broken.extend(lines_naming(
            &source.path,
            code,
            &["static mut", "lazy_static", "once_cell", "OnceCell", "OnceLock", "thread_local"],
        ));
        if source.path != LAZY_CONSTANTS {
            broken.extend(lines_naming(&source.path, code, &["LazyLock"]));
        }
        for (number, line) in code.lines().enumerate() {
            let declares = line.trim_start().trim_start_matches("pub ").starts_with("static ");
            let cells = ["Mutex", "RwLock", "Atomic", "Cell"];
            if declares && cells.iter().any(|cell| line.contains(cell)) {
                broken.push(format!("{}:{}: a static that changes", source.path, number + 1));
            }
        }
    }
    broken
}

#[test]
fn there_is_no_global_mutable_state() {
    let bad = "static mut A: u8 = 0;\npub static B: AtomicU8 = AtomicU8::new(0);\nstatic C: &'static str = \"\";\n\
               static D: LazyLock<u8> = LazyLock::new(|| 0);";
    some(&mutable_statics(&[Source::new("crates/metaads/src/a.rs", bad)]), 3);
    none(&mutable_statics(&sources()));
}

fn unpaired(sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) -> Vec<String> {
    sqlite.symmetric_difference(postgres).map(|name| format!("{name} is there for one engine only")).collect()
}

#[test]
fn both_engines_have_migrations_of_the_same_names() {
    let one = |name: &str| BTreeSet::from([name.to_owned()]);
    some(&unpaired(&one("0001_first.sql"), &one("0001_one.sql")), 2);
    let names = |engine: &str| {
        let mut paths = Vec::new();
        files_under(&root().join("crates/store/migrations").join(engine), "sql", &mut paths);
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

const MOST_LINES_OF_A_FUNCTION: usize = 70;

/// Functions that may be longer: path, name, reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// The functions of a text: name, first line, number of lines.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let starts_word = !code[..at].chars().next_back().is_some_and(is_word);
        let name: String = code[at + 3..].chars().take_while(|&letter| is_word(letter)).collect();
        if !starts_word || name.is_empty() {
            continue;
        }
        if let Some(end) = end_of_function(&code[at..]) {
            let first = code[..at].matches('\n').count() + 1;
            found.push((name, first, code[at..at + end].matches('\n').count() + 1));
        }
    }
    found
}

/// Where the body ends; `None` for a function without one.
fn end_of_function(code: &str) -> Option<usize> {
    let (mut braces, mut others) = (0_i32, 0_i32);
    for (at, letter) in code.char_indices() {
        match letter {
            '(' | '[' => others += 1,
            ')' | ']' => others -= 1,
            ';' if braces == 0 && others == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces <= 0 && others == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn long_functions(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        for (name, first, lines) in functions(source.code_without_tests()) {
            let is_excepted = LONG_FUNCTIONS.iter().any(|(path, of, _)| *path == source.path && *of == name);
            if lines > MOST_LINES_OF_A_FUNCTION && !is_excepted {
                broken.push(format!("{}:{first}: {name} has {lines} lines", source.path));
            }
        }
    }
    broken
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let long = format!(
        "fn short() -> [u8; 2] {{ [b'{{', b'}}'] }}\nasync fn long(a: &str) {{\n{}}}\nfn none();",
        "a(\"}\");\n".repeat(70)
    );
    let bad = Source::new("a.rs", &long);
    assert_eq!(functions(&bad.code), [("short".to_owned(), 1, 1), ("long".to_owned(), 2, 72)]);
    some(&long_functions(&[bad]), 1);
    none(&long_functions(&sources()));
}

#[test]
fn comments_and_strings_are_told_from_code() {
    let text = "a /* b /* c */ d */ e \"f \\\" g\" h 'i' '\\'' &'j k r#\"l \" m\"# n br\"o\" // p\nq";
    let (code, strings) = split(text);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    assert_eq!(words(&code), ["a", "e", "h", "&'j", "k", "n", "b", "q"]);
    assert_eq!(words(&strings), ["\"f", "\\\"", "g\"", "r#\"l", "\"", "m\"#", "r\"o\""]);
    assert_eq!(code.lines().count(), 2);
}
