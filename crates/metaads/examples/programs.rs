//! Measures what programs use, on the release binary: `cargo build --release && cargo run --release --example programs`.
//!
//! Reading a token beside a bare axum handler that answers with the same bytes; a call through the Graph proxy beside the
//! same call to the sandbox; memory while 256 answers of 10 MB stream. The service and the sandbox are processes of
//! their own, on SQLite in a temporary folder; this program is the load.

#![expect(clippy::disallowed_methods, reason = "a separate program that acts as clients")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

const EMAIL: &str = "load@metaads.example";
const SECONDS: u64 = 5;
const CONNECTIONS: usize = 32;
const STREAMS: usize = 256;
const STREAM_BYTES: usize = 10 * 1024 * 1024;
/// Tom's first campaign in the sandbox.
const CAMPAIGN: &str = "120201307000000000";

struct World {
    service: Child,
    _sandbox: Child,
    _folder: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
    base: String,
    meta: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (connection, key) = world.connect().await?;
    measure_token(&world, &connection, &key).await?;
    measure_proxy(&world, &connection, &key).await?;
    measure_streams(&world, &connection, &key).await
}

/// The binary next to this program.
fn binary() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("../metaads"));
    command.env_clear().stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

async fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string())
}

impl World {
    async fn start() -> anyhow::Result<World> {
        let folder = tempfile::TempDir::new()?;
        let (own, meta) = (free_address().await?, free_address().await?);
        let sandbox = binary()?.args(["sandbox", "--listen", &meta]).spawn()?;
        let meta = format!("http://{meta}");
        let environment = vec![
            ("METAADS_LISTEN", own.clone()),
            ("PUBLIC_URL", format!("http://{own}")),
            ("DATABASE_URL", format!("sqlite://{}/metaads.db", folder.path().display())),
            ("METAADS_DATA_DIR", folder.path().display().to_string()),
            ("META_APP_ID", "100200300400500".to_owned()),
            ("META_APP_SECRET", "pretend-meta-app-secret".to_owned()),
            ("ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".to_owned()),
            ("META_DIALOG_URL", meta.clone()),
            ("META_GRAPH_URL", meta.clone()),
            ("METAADS_SIGNIN_LIMITS", "off".to_owned()),
        ];
        let service = binary()?.envs(environment.clone()).current_dir(folder.path()).spawn()?;
        let base = format!("http://{own}");
        for url in [format!("{base}/readyz"), format!("{meta}/_control")] {
            while !reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(World { service, _sandbox: sandbox, _folder: folder, environment, base, meta })
    }

    /// A connected account, and a key for it.
    async fn connect(&self) -> anyhow::Result<(String, String)> {
        let browser =
            Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none()).build()?;
        let fields = [("email", EMAIL), ("password", "three odd words here")];
        browser.post(format!("{}/register", self.base)).form(&fields).send().await?;
        let start =
            browser.post(format!("{}/connect/meta", self.base)).form(&[("kind", "facebook")]).send().await?;
        let dialog = url::Url::parse(start.headers()["location"].to_str()?)?;
        let mut answer: Vec<(String, String)> = dialog.query_pairs().into_owned().collect();
        let scopes = answer.iter().find(|(name, _)| name == "scope").map(|(_, scopes)| scopes.clone());
        for scope in scopes.unwrap_or_default().split([',', ' ']) {
            answer.push(("permission".to_owned(), scope.to_owned()));
        }
        answer.push(("persona".to_owned(), "sole-trader".to_owned()));
        answer.push(("decision".to_owned(), "continue".to_owned()));
        let url = format!("{}/v26.0/dialog/oauth/answer", self.meta);
        let answer = browser.post(url).form(&answer).send().await?;
        let callback = answer.headers()["location"].to_str()?;
        browser.get(callback.split('#').next().unwrap_or_default()).send().await?;
        let mut create = binary()?;
        create.envs(self.environment.clone()).stdout(Stdio::piped());
        create.args([
            "admin",
            "keys",
            "create",
            "--user",
            EMAIL,
            "--name",
            "Load",
            "--calls-per-minute",
            "1000000",
        ]);
        create.args(["--scopes", "connections:read,tokens:read,graph:read"]);
        let key = String::from_utf8(create.output().await?.stdout)?.trim().to_owned();
        let list =
            Client::new().get(format!("{}/api/v1/connections", self.base)).bearer_auth(&key).send().await?;
        let list: Value = list.json().await?;
        let id = list["data"][0]["id"].as_str().context("nothing is connected")?;
        Ok((id.to_owned(), key))
    }

    /// Peak and present memory, and processor seconds used so far.
    fn usage(&self) -> anyhow::Result<(f64, f64, f64)> {
        let process = self.service.id().context("the service has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let mib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            let number = line.split_whitespace().nth(1).and_then(|number| number.parse::<f64>().ok());
            number.unwrap_or_default() / 1024.0
        };
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        Ok((mib("VmHWM"), mib("VmRSS"), ticks / 100.0))
    }
}

/// One keep-alive connection of a client.
struct Caller {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Caller {
    async fn open(address: &str, path: &str, headers: &str) -> anyhow::Result<Caller> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n").into_bytes();
        Ok(Caller { stream: BufReader::new(stream), request })
    }

    /// Sends the request and reads the whole answer. Returns its body's length.
    async fn call(&mut self) -> anyhow::Result<usize> {
        self.stream.get_mut().write_all(&self.request).await?;
        let (mut line, mut length, mut is_chunked) = (String::new(), 0, false);
        self.stream.read_line(&mut line).await?;
        anyhow::ensure!(line.starts_with("HTTP/1.1 200"), "{line}");
        loop {
            line.clear();
            self.stream.read_line(&mut line).await?;
            let head = line.trim_end().to_ascii_lowercase();
            if head.is_empty() {
                break;
            }
            length = head.strip_prefix("content-length: ").map_or(Ok(length), str::parse)?;
            is_chunked |= head == "transfer-encoding: chunked";
        }
        let mut read = 0;
        loop {
            if is_chunked {
                line.clear();
                self.stream.read_line(&mut line).await?;
                length = usize::from_str_radix(line.trim_end(), 16)?;
            }
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await?;
            read += length;
            if !is_chunked {
                return Ok(read);
            }
            line.clear();
            self.stream.read_line(&mut line).await?;
            if length == 0 {
                return Ok(read);
            }
        }
    }
}

/// Requests per second of some connections, and their median and 99th percentile.
async fn load(address: &str, path: &str, headers: &str) -> anyhow::Result<(f64, Duration, Duration)> {
    let until = Instant::now() + Duration::from_secs(SECONDS);
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut caller = Caller::open(address, path, headers).await?;
        clients.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                let started = Instant::now();
                caller.call().await?;
                times.push(started.elapsed());
            }
            anyhow::Ok(times)
        }));
    }
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await??);
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    Ok((times.len() as f64 / SECONDS as f64, at(50), at(99)))
}

async fn measure_token(world: &World, connection: &str, key: &str) -> anyhow::Result<()> {
    let (address, path) =
        (world.base.replace("http://", ""), format!("/api/v1/connections/{connection}/token"));
    let headers = format!("authorization: Bearer {key}\r\n");
    let bytes =
        Client::new().get(format!("{}{path}", world.base)).bearer_auth(key).send().await?.bytes().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let bare = listener.local_addr()?.to_string();
    let handler = axum::routing::get(move || std::future::ready(bytes.clone()));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/", handler)).await });
    load(&address, &path, &headers).await?;
    for (what, address, path) in [("bare axum handler", &bare, "/"), ("reading a token", &address, &*path)] {
        let (rate, median, slow) = load(address, path, &headers).await?;
        println!(
            "{what}: {rate:.0} per second with {CONNECTIONS} connections, median {median:.1?}, p99 {slow:.1?}"
        );
    }
    Ok(())
}

async fn measure_proxy(world: &World, connection: &str, key: &str) -> anyhow::Result<()> {
    const ROUNDS: u32 = 1_000;
    let own = world.base.replace("http://", "");
    let token =
        Client::new().get(format!("{}/api/v1/connections/{connection}/token", world.base)).bearer_auth(key);
    let token: Value = token.send().await?.json().await?;
    let (token, proof) = (
        token["access_token"].as_str().unwrap_or_default(),
        token["appsecret_proof"].as_str().unwrap_or_default(),
    );
    let path = format!("/v26.0/{CAMPAIGN}?fields=name,status");
    let direct = format!("{path}&access_token={token}&appsecret_proof={proof}");
    let headers = format!("authorization: Bearer {key}\r\nx-metaads-connection: {connection}\r\n");
    let mut callers = [
        ("direct to the sandbox", Caller::open(&world.meta.replace("http://", ""), &direct, "").await?),
        ("through the proxy", Caller::open(&own, &format!("/graph{path}"), &headers).await?),
    ];
    for (what, caller) in &mut callers {
        let (_, _, before) = world.usage()?;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            caller.call().await?;
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let cpu = (world.usage()?.2 - before) / f64::from(ROUNDS) * 1_000.0;
        println!(
            "{what}: median {:.2?} per call, {cpu:.2} ms of the service's processor",
            times[times.len() / 2]
        );
    }
    Ok(())
}

async fn measure_streams(world: &World, connection: &str, key: &str) -> anyhow::Result<()> {
    let fault = json!({"endpoint": "ad_objects", "times": STREAMS, "effect": {"filler": STREAM_BYTES}});
    Client::new()
        .post(format!("{}/_control/faults", world.meta))
        .json(&fault)
        .send()
        .await?
        .error_for_status()?;
    let (before, _, _) = world.usage()?;
    let headers = format!("authorization: Bearer {key}\r\nx-metaads-connection: {connection}\r\n");
    let (own, path) = (world.base.replace("http://", ""), format!("/graph/v26.0/{CAMPAIGN}?fields=name"));
    let started = Instant::now();
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let mut caller = Caller::open(&own, &path, &headers).await?;
        streams.push(tokio::spawn(async move { caller.call().await }));
    }
    for stream in streams {
        anyhow::ensure!(stream.await?? > STREAM_BYTES, "an answer was cut off");
    }
    let (peak, after, _) = world.usage()?;
    println!(
        "{STREAMS} streams of 10 MB at once: {:.1?}, peak memory {peak:.0} MiB (before {before:.0} MiB, after {after:.0} MiB)",
        started.elapsed()
    );
    Ok(())
}
