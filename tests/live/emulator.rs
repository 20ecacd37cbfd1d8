//! Starting and stopping emulators.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The account of the emulators.
pub(crate) const ROOT: &str = "111122223333";

static RUNNING: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// An emulator that runs.
pub(crate) struct Emulator {
    /// Its port on the loopback.
    pub(crate) port: u16,
    _home: tempfile::TempDir,
}

impl Emulator {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn python(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("target/emulators").join(name).join("bin/python")
}

/// Which emulator is not installed, and what to do about it.
pub(crate) fn missing() -> Option<String> {
    let name = ["ministack", "moto"].into_iter().find(|name| !python(name).exists())?;
    Some(format!(
        "the emulator {name} is not installed: run `.ci/emulators`, which puts it into target/emulators"
    ))
}

/// Whether their absence is an error: `.ci/run` says so.
pub(crate) fn are_required() -> bool {
    std::env::var_os("WHY_DENIED_EMULATORS").is_some()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// MiniStack: it verifies signatures and enforces policies.
pub(crate) fn ministack() -> Emulator {
    start("ministack", "/_ministack/health", |command, port| {
        command.args(["-m", "ministack"]).envs([
            ("BIND_HOST", "127.0.0.1"),
            ("GATEWAY_PORT", &port.to_string()),
            ("AUTH", "true"),
            ("MINISTACK_ACCOUNT_ID", ROOT),
            ("SFTP_ENABLED", "0"),
            ("IOT_MTLS_ENABLED", "0"),
            ("LOG_LEVEL", "WARNING"),
        ]);
    })
}

/// moto's server: it has organizations with both types of control policies.
pub(crate) fn moto() -> Emulator {
    start("moto", "/moto-api/", |command, port| {
        let code = "from moto.server import main; import sys; main(sys.argv[1:])";
        command.args(["-c", code, "-H", "127.0.0.1", "-p", &port.to_string()]);
    })
}

fn start(name: &str, health: &str, prepare: impl Fn(&mut Command, u16)) -> Emulator {
    let python = python(name);
    for _ in 0..3 {
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut command = Command::new(&python);
        command.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        command.current_dir(home.path()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        prepare(&mut command, port);
        let mut child = command.spawn().unwrap();
        for _ in 0..600 {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            if get(port, health).is_some_and(|text| text.starts_with("HTTP/1.1 200")) {
                RUNNING.lock().unwrap().push(child);
                return Emulator { port, _home: home };
            }
            thread::sleep(Duration::from_millis(100));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    panic!("the emulator {name} does not start");
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Ends every emulator that was started here.
pub(crate) fn stop_all() {
    for child in RUNNING.lock().unwrap().iter_mut() {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Runs one of the Python helpers beside this file, with AWS's own client.
pub(crate) fn helper(script: &str, arguments: &[&str]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/live").join(script);
    let output = Command::new(python("moto"))
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{errors}"))
}
