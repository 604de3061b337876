//! Programs against the service, as its users write them: `crates/metaads/tests/sdks` and `examples`. Each suite starts a
//! demo of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install;
use crate::process::{Context as _, Outcome, root};

/// The suites, to be run one after the other. `python` and `modules` have Meta's SDKs.
pub fn suites(binary: &Path, python: &Path, modules: &Path) -> Outcome<Vec<Command>> {
    let tests = tests();
    let mut through_python = demo(binary, &["--no-tokens"]);
    through_python.arg(python).args(PYTEST).arg(tests.join("python"));
    let mut through_node = demo(binary, &["--no-tokens"]);
    through_node.args(NODE).arg(tests.join("node/business-sdk.test.js")).env("NODE_PATH", modules);
    Ok(vec![through_python, through_node, document(binary, &tests)?, examples(binary, python, &tests)?])
}

/// Schemathesis and generated clients, which start from the OpenAPI document.
fn document(binary: &Path, tests: &Path) -> Outcome<Command> {
    let tests = tests.join("openapi");
    let requirements = tests.join("requirements.txt");
    let pins = std::fs::read_to_string(&requirements).context(requirements.display())?;
    let tools = install::python("sdks/openapi", &pins, &["-r", &requirements.to_string_lossy()])?;
    let modules = install::node("sdks/openapi-typescript", &tests.join("typescript/package.json"))?;
    let mut suite = demo(binary, &["--every-connection"]);
    suite.arg(tools.join("python")).args(PYTEST).arg(tests);
    suite.env("METAADS_OPENAPI_NODE", modules.with_file_name(""));
    Ok(suite)
}

/// The applications in `examples/`, each with its own packages and a demo of its own.
fn examples(binary: &Path, python: &Path, tests: &Path) -> Outcome<Command> {
    let examples = root().join("examples");
    let requirements = examples.join("python/requirements.txt");
    let pins = std::fs::read_to_string(&requirements).context(requirements.display())?;
    let packages = install::python("sdks/example-python", &pins, &["-r", &requirements.to_string_lossy()])?;
    let modules = install::node("sdks/example-typescript", &examples.join("typescript/package.json"))?;
    let mut suite = Command::new(python);
    suite.args(PYTEST).arg(tests.join("examples")).env("METAADS_BIN", binary);
    suite.env("METAADS_EXAMPLE_PYTHON", packages.join("python")).env("PYTHONDONTWRITEBYTECODE", "1");
    suite.env("METAADS_EXAMPLE_TYPESCRIPT", modules.with_file_name(""));
    Ok(suite)
}

const PYTEST: [&str; 6] = ["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"];
const NODE: [&str; 3] = ["node", "--test", "--test-reporter=spec"];

fn tests() -> PathBuf {
    root().join("crates/metaads/tests/sdks")
}

/// Runs the command that is added to it against a new demo.
fn demo(binary: &Path, options: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.arg(tests().join("demo.py")).args(options).env("METAADS_BIN", binary);
    command
}
