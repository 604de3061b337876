//! Attacks a service of its own on this machine, one way after the other, and prints what each costs:
//! `cargo build && cargo run --example attack [CLIENTS] [SECONDS] [NAME]`.
//!
//! For each attack it starts the binary on a loopback port, keeps CLIENTS connections busy (2,000; at most 5,000; 200 where
//! each sends half a megabyte or more) for SECONDS (10; at most 60), and meanwhile asks for the dashboard as a signed-in user. It prints the slowest of these
//! answers, the process's peak memory, and how long the process took to stop while it was attacked. It attacks nothing
//! but that process. Each client needs a file descriptor: see `ulimit -n`.

#![expect(clippy::disallowed_methods, reason = "a separate program that acts as clients")]

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};

/// What a client that is cut off waits before it comes back.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Copy)]
enum Attack {
    Nothing,
    SilentSockets,
    TrickledHeads,
    TrickledBodies,
    LargeForms,
    ChunkedForms,
    PastedLists,
    ForgedWebhooks,
    LongPolls,
    SlowReaders,
}

const ATTACKS: [Attack; 10] = [
    Attack::Nothing,
    Attack::SilentSockets,
    Attack::TrickledHeads,
    Attack::TrickledBodies,
    Attack::LargeForms,
    Attack::ChunkedForms,
    Attack::PastedLists,
    Attack::ForgedWebhooks,
    Attack::LongPolls,
    Attack::SlowReaders,
];

impl Attack {
    fn clients(self, most: usize) -> usize {
        match self {
            Attack::Nothing => 0,
            Attack::LargeForms | Attack::ChunkedForms | Attack::PastedLists | Attack::ForgedWebhooks => {
                most.min(200)
            }
            Attack::SilentSockets
            | Attack::TrickledHeads
            | Attack::TrickledBodies
            | Attack::LongPolls
            | Attack::SlowReaders => most,
        }
    }
}

/// A service that is attacked.
struct Target {
    process: Child,
    address: SocketAddr,
    /// Of the attacker, who is an admin, and of another user.
    attacker: String,
    cookie: String,
    _folder: tempfile::TempDir,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize, most: usize| -> anyhow::Result<usize> {
        Ok(arguments.next().map_or(Ok(default), |text| text.parse())?.min(most))
    };
    let (clients, seconds) = (number(2_000, 5_000)?, number(10, 60)?);
    let only = std::env::args().nth(3);
    println!("{:<16} {:>7} {:>12} {:>12} {:>10}", "attack", "clients", "slowest page", "peak memory", "stop");
    for attack in ATTACKS {
        if only.as_ref().is_some_and(|only| *only != format!("{attack:?}")) {
            continue;
        }
        let target = Target::start().await?;
        let requests = Arc::new(Requests::new(&target, attack).await?);
        let attackers: Vec<_> = (0..attack.clients(clients))
            .map(|_| tokio::spawn(attack_for_ever(target.address, attack, Arc::clone(&requests))))
            .collect();
        let slowest = slowest_page(&target, Duration::from_secs(seconds as u64)).await;
        let memory = target.peak_memory_mib()?;
        let stop = target.stop().await?;
        for attacker in attackers {
            attacker.abort();
        }
        let (name, clients) = (format!("{attack:?}"), attack.clients(clients));
        println!("{name:<16} {clients:>7} {slowest:>12} {memory:>8.0} MiB {stop:>10.1?}");
    }
    Ok(())
}

/// What the clients send.
struct Requests {
    head: String,
    body: Vec<u8>,
}

impl Requests {
    async fn new(target: &Target, attack: Attack) -> anyhow::Result<Requests> {
        let host = format!("localhost:{}", target.address.port());
        let form = "content-type: application/x-www-form-urlencoded\r\n";
        let cookie = format!("cookie: {}\r\n", target.attacker);
        let fields = "a&".repeat(256 * 1024).into_bytes();
        let of_length = |path: &str, headers: &str, length: usize| {
            format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{form}{headers}content-length: {length}\r\n\r\n")
        };
        let (head, body) = match attack {
            Attack::Nothing | Attack::SilentSockets => (String::new(), Vec::new()),
            Attack::TrickledHeads => (format!("GET /login HTTP/1.1\r\nhost: {host}\r\nx-a: "), Vec::new()),
            Attack::TrickledBodies => (of_length("/login", "", 8_000), Vec::new()),
            Attack::LargeForms => (of_length("/login", "", fields.len()), fields),
            Attack::ChunkedForms => {
                let chunk = format!("{:x}\r\n{}\r\n", fields.len(), String::from_utf8_lossy(&fields));
                let head = format!(
                    "POST /login HTTP/1.1\r\nhost: {host}\r\n{form}transfer-encoding: chunked\r\n\r\n"
                );
                (head, chunk.into_bytes())
            }
            Attack::PastedLists => {
                (of_length("/admin/deletions", &cookie, 250 * 1024), fields[..250 * 1024 - 1].to_vec())
            }
            Attack::ForgedWebhooks => {
                let signature = format!("x-hub-signature-256: sha256={}\r\n", "0".repeat(64));
                (of_length("/hooks/meta/events", &signature, 4_000_000), vec![b'x'; 4_000_000])
            }
            Attack::LongPolls => {
                let attempt = target.open_attempt().await?;
                let path = format!("{attempt}/status?seen=pending");
                (format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}\r\n"), Vec::new())
            }
            Attack::SlowReaders => {
                let style = target.style_sheet().await?;
                (format!("GET {style} HTTP/1.1\r\nhost: {host}\r\n\r\n").repeat(20), Vec::new())
            }
        };
        Ok(Requests { head, body })
    }
}

/// One client: comes back whenever it is cut off.
async fn attack_for_ever(address: SocketAddr, attack: Attack, requests: Arc<Requests>) {
    loop {
        let _ = attack_once(address, attack, &requests).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn attack_once(address: SocketAddr, attack: Attack, requests: &Requests) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    if matches!(attack, Attack::SlowReaders) {
        socket.set_recv_buffer_size(4 * 1024)?;
    }
    let mut stream = socket.connect(address).await?;
    stream.write_all(requests.head.as_bytes()).await?;
    match attack {
        Attack::TrickledHeads | Attack::TrickledBodies => loop {
            stream.write_all(b"x").await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        },
        Attack::SlowReaders => loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            // Fails once the service has given up.
            stream.write_all(b"\r\n").await?;
        },
        Attack::Nothing
        | Attack::SilentSockets
        | Attack::LargeForms
        | Attack::ChunkedForms
        | Attack::PastedLists
        | Attack::ForgedWebhooks
        | Attack::LongPolls => {
            stream.write_all(&requests.body).await?;
            stream.read_to_end(&mut Vec::new()).await?;
            Ok(())
        }
    }
}

/// Asks for the dashboard again and again. Returns the slowest answer, or the first failure.
async fn slowest_page(target: &Target, time: Duration) -> String {
    let (until, mut slowest) = (Instant::now() + time, Duration::ZERO);
    while Instant::now() < until {
        let started = Instant::now();
        let asked = tokio::time::timeout(Duration::from_secs(20), target.get("/dashboard")).await;
        match asked {
            Ok(Ok(answer)) if answer.status() == 200 => slowest = slowest.max(started.elapsed()),
            Ok(Ok(answer)) => return answer.status().as_u16().to_string(),
            Ok(Err(_)) => return "cut off".to_owned(),
            Err(_) => return "none".to_owned(),
        }
        tokio::time::sleep(PAUSE).await;
    }
    format!("{slowest:.2?}")
}

impl Target {
    async fn start() -> anyhow::Result<Target> {
        let binary = std::env::current_exe()?.with_file_name("../metaads");
        let folder = tempfile::TempDir::new()?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new(&binary)
            .current_dir(folder.path())
            .env_clear()
            .env("METAADS_LISTEN", format!("127.0.0.1:{port}"))
            .env("METAADS_SIGNIN_LIMITS", "off")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start: run cargo build", binary.display()))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut target =
            Target { process, address, attacker: String::new(), cookie: String::new(), _folder: folder };
        while target.get("/healthz").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        target.attacker = target.register("attacker@metaads.example").await?;
        target.cookie = target.register("user@metaads.example").await?;
        Ok(target)
    }

    /// Registers a user. Returns the cookie of their session.
    async fn register(&self, email: &str) -> anyhow::Result<String> {
        let user = [("email", email), ("password", "three odd words here")];
        let registered = Target::client().post(self.url("/register")).form(&user).send().await?;
        let cookie = registered.headers().get("set-cookie").context("a session")?.to_str()?;
        Ok(cookie.split(';').next().unwrap_or_default().to_owned())
    }

    /// A client without connections of its own, as a new visitor.
    fn client() -> reqwest::Client {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        client.pool_max_idle_per_host(0).build().expect("a client without special settings")
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }

    async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        Target::client().get(self.url(path)).header("cookie", &self.cookie).send().await
    }

    /// The path of a connect attempt that stays pending.
    async fn open_attempt(&self) -> anyhow::Result<String> {
        let begin = Target::client().post(self.url("/connect/meta")).header("cookie", &self.attacker);
        let begun = begin.header("accept", "application/json").send().await?;
        let begun: serde_json::Value = begun.json().await?;
        Ok(begun["attempt"].as_str().context("an attempt")?.to_owned())
    }

    async fn style_sheet(&self) -> anyhow::Result<String> {
        let page = self.get("/dashboard").await?.text().await?;
        let link =
            page.split("href=\"").find(|part| part.starts_with("/assets/app.")).context("a style sheet")?;
        Ok(link.split('"').next().unwrap_or_default().to_owned())
    }

    fn peak_memory_mib(&self) -> anyhow::Result<f64> {
        let id = self.process.id().context("the service is gone")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the peak memory")?;
        let kib: f64 = peak.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// Sends SIGTERM. Returns how long the process took to end.
    async fn stop(mut self) -> anyhow::Result<Duration> {
        let id = self.process.id().context("the service is gone")?;
        let started = Instant::now();
        Command::new("kill").arg(id.to_string()).status().await?;
        self.process.wait().await?;
        Ok(started.elapsed())
    }
}
