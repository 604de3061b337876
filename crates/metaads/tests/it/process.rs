//! The binary: what it prints, what it refuses, what survives a kill.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// The binary in this folder, with an empty environment.
fn binary(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
    command.current_dir(folder).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running service; killed when dropped.
struct Running {
    child: Child,
    base: String,
    banner: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &Path) -> Running {
    // A free port, which the service takes a moment later.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = binary(folder)
        .env("METAADS_LISTEN", format!("127.0.0.1:{port}"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut banner = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !banner.contains("README.md") {
        banner.push_str(&lines.next().expect("the banner names README.md").unwrap());
        banner.push('\n');
    }
    Running { child, base: format!("http://localhost:{port}"), banner }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn without_configuration_a_demo_runs_and_says_so() {
    let folder = TempDir::new().unwrap();
    let service = start(folder.path());
    assert!(service.banner.contains(&service.base), "{}", service.banner);
    assert!(service.banner.contains("This is a demo with a pretend Meta"), "{}", service.banner);
    let key = folder.path().join("data/demo.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let page = reqwest::get(&service.base).await.unwrap().text().await.unwrap();
    assert!(page.contains("<b>Demo</b> with a pretend Meta."), "{page}");
}

#[tokio::test]
async fn data_survives_sigkill() {
    let folder = TempDir::new().unwrap();
    let http = reqwest::Client::builder()
        .cookie_store(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let fields = [("email", "a@b.example"), ("password", "three odd words here")];
    let service = start(folder.path());
    let registered = http.post(format!("{}/register", service.base)).form(&fields).send().await.unwrap();
    assert_eq!(registered.status(), 303);
    drop(service);
    let service = start(folder.path());
    let signed_in = http.post(format!("{}/login", service.base)).form(&fields).send().await.unwrap();
    assert_eq!(signed_in.status(), 303);
}

#[test]
fn a_meta_app_without_an_encryption_key_is_refused() {
    let folder = TempDir::new().unwrap();
    let output =
        binary(folder.path()).env("META_APP_ID", "42").env("META_APP_SECRET", "hunter2").output().unwrap();
    assert!(!output.status.success());
    let printed = text(&output);
    assert!(
        printed.contains("ENCRYPTION_KEY is missing") && printed.contains("metaads keys generate"),
        "{printed}"
    );
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(!folder.path().join("data").exists(), "nothing is created before the configuration is valid");
}

#[test]
fn a_generated_key_is_accepted() {
    let folder = TempDir::new().unwrap();
    let output = binary(folder.path()).args(["keys", "generate"]).output().unwrap();
    let key = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && key.trim().len() == 44, "{key}");
    let output = binary(folder.path())
        .arg("migrate")
        .env("ENCRYPTION_KEY", key.trim())
        .env("META_APP_ID", "42")
        .env("META_APP_SECRET", "s")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn startup_failures_are_one_clear_sentence() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = binary(folder.path()).env("METAADS_LISTEN", &address).output().unwrap();
    assert!(
        text(&output).contains("is it in use? METAADS_LISTEN names another address"),
        "{}",
        text(&output)
    );
    let output = binary(folder.path())
        .env("DATABASE_URL", "postgres://metaads:hunter2@127.0.0.1:1/none?connect_timeout=1")
        .arg("migrate")
        .output()
        .unwrap();
    let printed = text(&output);
    assert!(
        !output.status.success() && printed.contains("the PostgreSQL server that DATABASE_URL names"),
        "{printed}"
    );
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn a_demo_key_that_others_can_read_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(start(folder.path()));
    let key = folder.path().join("data/demo.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = binary(folder.path()).env("METAADS_LISTEN", "127.0.0.1:0").output().unwrap();
    assert!(text(&output).contains("chmod 600"), "{}", text(&output));
}

/// The binary with a Meta app that does not answer.
fn with_app(folder: &Path) -> Command {
    let mut command = binary(folder);
    command
        .env("ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
        .env("META_APP_ID", "42")
        .env("META_APP_SECRET", "s")
        .env("META_GRAPH_URL", "http://127.0.0.1:9");
    command
}

/// Starts a service with a Meta app and reads its output until it contains `until`. Returns the setup link that it
/// printed, or nothing.
fn start_with_app(folder: &Path, until: &str) -> (Running, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}");
    let mut child = with_app(folder)
        .env("METAADS_LISTEN", format!("127.0.0.1:{port}"))
        .env("PUBLIC_URL", &base)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut banner = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !banner.contains(until) {
        banner.push_str(&lines.next().expect("the banner goes on").unwrap());
        banner.push('\n');
    }
    let link =
        banner.lines().find(|line| line.contains("/links?token=")).unwrap_or_default().trim().to_owned();
    (Running { child, base, banner }, link)
}

#[tokio::test]
async fn a_real_installation_without_an_admin_prints_a_setup_link_at_every_start() {
    let folder = TempDir::new().unwrap();
    let (first, used) = start_with_app(folder.path(), "/links?token=");
    assert!(first.banner.contains("Nobody is an admin yet"), "{}", first.banner);
    drop(first);
    let (service, link) = start_with_app(folder.path(), "/links?token=");
    assert_ne!(used.split_once('?').unwrap().1, link.split_once('?').unwrap().1);
    let token = link.split_once("token=").unwrap().1;
    let fields = [("token", token), ("email", "a@b.example"), ("password", "three odd words here")];
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = http.post(format!("{}/links", service.base)).form(&fields).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    drop(service);
    let (service, link) = start_with_app(folder.path(), "MetaAds");
    assert_eq!(link, "", "{}", service.banner);
    let list = with_app(folder.path()).args(["admin", "users", "list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains("a@b.example  admin  proven"), "{}", text(&list));
}

#[cfg(target_os = "linux")]
#[test]
fn a_running_service_leaves_no_core_dump() {
    let folder = TempDir::new().unwrap();
    let service = start(folder.path());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", service.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
}

#[test]
fn an_installation_that_has_lost_its_app_id_does_not_become_a_demo() {
    let key = ("ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    for (name, value) in [key, ("DATABASE_URL", "sqlite://./other.db"), ("PUBLIC_URL", "https://ads.example")]
    {
        let folder = TempDir::new().unwrap();
        let output = binary(folder.path())
            .env("METAADS_LISTEN", "127.0.0.1:0")
            .env(name, value)
            .arg("serve")
            .output()
            .unwrap();
        assert!(!output.status.success(), "{name}");
        assert!(
            text(&output).contains("META_APP_ID is not set") && text(&output).contains(name),
            "{}",
            text(&output)
        );
        assert!(!text(&output).contains("AQEB"), "{}", text(&output));
    }
}
