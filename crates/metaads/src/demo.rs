//! The demo: what runs if nothing is configured. A generated key in the data directory and the
//! built-in sandbox; never in use once META_APP_ID is set.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use metaads_sandbox::{Options, Sandbox};
use metaads_vault::Keyring;
use zeroize::Zeroizing;

use crate::random::Random;
use crate::webhooks::inbox::SUBSCRIPTIONS;

/// The key of the data directory, created on the first start.
pub fn keyring(data_dir: &Path) -> anyhow::Result<Keyring> {
    let path = data_dir.join("demo.key");
    let shown = path.display();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = Zeroizing::new(STANDARD.encode(Random::Os.bytes::<32>()));
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .with_context(|| format!("the demo key {shown} could not be created"))?;
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .with_context(|| format!("the demo key {shown} could not be written"))?;
            text
        }
        Err(error) => return Err(error).with_context(|| format!("the demo key {shown} could not be read")),
    };
    let mode = std::fs::metadata(&path).with_context(|| format!("the demo key {shown} could not be read"))?;
    if mode.permissions().mode() & 0o077 != 0 {
        bail!("the demo key {shown} can be read by others: run `chmod 600 {shown}`");
    }
    match Keyring::parse(&text) {
        Ok(keyring) => Ok(keyring),
        Err(error) => bail!("the demo key {shown} is not a valid key: {error}"),
    }
}

/// The sandbox beside the service, on its own port; it remembers who agreed to what.
pub async fn sandbox(data_dir: &Path) -> anyhow::Result<(Sandbox, Options)> {
    let options = Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        state_file: Some(data_dir.join("sandbox.json")),
        ..Options::default()
    };
    let sandbox = Sandbox::start(options.clone()).await.context("the sandbox could not start")?;
    Ok((sandbox, options))
}

/// The pretend Meta's configuration of Login for Business: a system user whose token never ends.
pub const LOGIN_CONFIG_ID: &str = "600700800900";

/// Registers our callback addresses with the sandbox: what an operator enters in the App Dashboard.
pub fn register_callbacks(sandbox: &Sandbox, base: &str) {
    let control = sandbox.control();
    let hook = |name: &str| format!("{base}/hooks/meta/{name}");
    control.set_app_urls(Some(&hook("deauthorize")), Some(&hook("data-deletion")));
    for (object, fields) in SUBSCRIPTIONS {
        let fields: Vec<&str> = fields.split(',').collect();
        control.subscribe(object, &fields, &hook("events"));
    }
}

/// `metaads sandbox`.
pub async fn sandbox_alone(listen: SocketAddr) -> anyhow::Result<()> {
    let options = Options { listen, ..Options::default() };
    let (app_id, app_secret) = (options.app_id.clone(), options.app_secret.clone());
    let (instagram_id, instagram_secret) =
        (options.instagram_app_id.clone(), options.instagram_app_secret.clone());
    let sandbox = Sandbox::start(options).await.with_context(|| format!("could not listen on {listen}"))?;
    let url = sandbox.url();
    println!("Pretend Meta on {url}  (controls: {url}/_control)");
    println!(
        "  META_LOGIN_CONFIG_ID={LOGIN_CONFIG_ID}\n  INSTAGRAM_APP_ID={instagram_id}\n  INSTAGRAM_APP_SECRET={instagram_secret}\n  \
         INSTAGRAM_DIALOG_URL={url}\n  INSTAGRAM_API_URL={url}\n  INSTAGRAM_GRAPH_URL={url}"
    );
    println!(
        "  META_APP_ID={app_id}\n  META_APP_SECRET={app_secret}\n  META_DIALOG_URL={url}\n  META_GRAPH_URL={url}"
    );
    sandbox.run_until(crate::shutdown::stop_signal()).await;
    Ok(())
}
