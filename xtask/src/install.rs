//! Installs pinned tools below `target/`, once: again only when the pins change.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{Context as _, Outcome, root, run};

/// A Python environment in `target/<name>` with the packages that pip finds by these arguments. Installs again only if
/// `pins` has changed. Returns the folder of its programs.
pub fn python(name: &str, pins: &str, packages: &[&str]) -> Outcome<PathBuf> {
    let folder = root().join("target").join(name);
    once(&folder, pins, || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = Command::new(folder.join("bin/pip"));
        run(pip.args(["install", "-q", "--disable-pip-version-check"]).args(packages))
    })?;
    Ok(folder.join("bin"))
}

/// The packages that a `package.json` names, in `target/<name>`. Returns their folder.
pub fn node(name: &str, pins: &Path) -> Outcome<PathBuf> {
    let folder = root().join("target").join(name);
    let wanted = std::fs::read_to_string(pins).context(pins.display())?;
    once(&folder, &wanted, || {
        // It may not exist yet.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).context(folder.display())?;
        std::fs::copy(pins, folder.join("package.json")).context(pins.display())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--loglevel=error", "--no-audit", "--no-fund", "--no-package-lock"]);
        // The summary of the installation is not interesting.
        run(npm.args(["--no-update-notifier", "--ignore-scripts"]).current_dir(&folder).stdout(Stdio::null()))
    })?;
    Ok(folder.join("node_modules"))
}

/// Does the work unless it was done in this folder with the same pins.
pub fn once(folder: &Path, pins: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    let marker = folder.join("installed");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == pins) {
        return Ok(());
    }
    work()?;
    std::fs::write(&marker, pins).context(marker.display())
}
