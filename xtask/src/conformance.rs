//! Do Voucherify's own clients get on with a real server, and can nothing that is sent make it
//! fault?
//!
//! Each suite of `conformance/` gets a server of its own with an empty store, and a key to it.

use std::{
    env, fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    ci::{self, beside_us, done},
    tidy,
};

/// What a suite does where its language, or what it installs, cannot be had.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// It fails.
    Fails,
    /// It says so and is passed over.
    Passes,
}

/// How long a server may take to answer after it was started.
const PATIENCE: Duration = Duration::from_secs(60);

/// The clients of both languages.
///
/// # Errors
/// When a client cannot do what it should.
pub fn clients(lack: Lack) -> Result<(), String> {
    build()?;
    javascript(lack).and(python("voucherify/python", lack, &[]))
}

/// A few requests of each call that nobody would send.
///
/// # Errors
/// When the server answers one with a fault of its own.
pub fn fuzz(lack: Lack) -> Result<(), String> {
    build()?;
    python("fuzz", lack, &[])
}

/// Thousands of them.
///
/// # Errors
/// As [`fuzz`].
pub fn fuzz_long() -> Result<(), String> {
    build()?;
    let words = ["--phases", "coverage,fuzzing", "--max-examples", "50"];
    python("fuzz", Lack::Fails, &words)
}

/// With the features that the tests have, whose build has it already as a rule.
fn build() -> Result<(), String> {
    ci::cargo(&["test", "--workspace", "--locked", "--no-run", "--quiet"])
}

fn javascript(lack: Lack) -> Result<(), String> {
    let place = place("voucherify/javascript");
    println!("── conformance/voucherify/javascript");
    let installed = done(Command::new("npm").arg("ci").current_dir(&place));
    if let Err(why) = installed {
        return lacking(lack, "the JavaScript client", &why);
    }
    let server = Server::start()?;
    done(
        server
            .tell(Command::new("npm").args(["test", "--silent"]))
            .current_dir(&place),
    )
}

/// A suite in Python: `run.py`, in an environment with what its `requirements.txt` names.
fn python(name: &str, lack: Lack, words: &[&str]) -> Result<(), String> {
    let place = place(name);
    println!("── conformance/{name}");
    let environment = beside_us("conformance").join(name.replace('/', "-"));
    let python = environment.join("bin/python");
    let made = done(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
    );
    let installed = made.and_then(|()| {
        let words = "-m pip install --quiet --disable-pip-version-check --requirement";
        let requirements = place.join("requirements.txt");
        done(
            Command::new(&python)
                .args(words.split(' '))
                .arg(requirements),
        )
    });
    if let Err(why) = installed {
        return lacking(lack, "what the Python suites need", &why);
    }
    let server = Server::start()?;
    let mut run = Command::new(&python);
    // What it compiles does not belong beside its sources.
    run.arg("-B").arg("run.py").args(words).current_dir(&place);
    done(server.tell(&mut run))
}

fn lacking(lack: Lack, what: &str, why: &str) -> Result<(), String> {
    let sentence = format!("{what} cannot be installed ({why})");
    match lack {
        Lack::Fails => Err(sentence),
        Lack::Passes => {
            println!("{sentence}: passed over");
            Ok(())
        }
    }
}

fn place(name: &str) -> PathBuf {
    tidy::root().join("conformance").join(name)
}

/// A server with an empty store, for as long as this lives.
struct Server {
    process: Child,
    folder: PathBuf,
    address: SocketAddr,
    key: String,
    /// For pages.
    public_key: String,
}

impl Server {
    fn start() -> Result<Self, String> {
        let folder = env::temp_dir().join(format!("proffer-conformance-{}", process::id()));
        fs::remove_dir_all(&folder).ok();
        let key = new_key(&folder, &[])?;
        let public_key = new_key(&folder, &["--public"])?;
        let address = free_address().map_err(|error| format!("no port is free: {error}"))?;
        let mut serve = proffer("serve", &folder);
        let process = serve.arg("--listen").arg(address.to_string()).spawn();
        let server = Self {
            process: process.map_err(|error| format!("proffer serve: {error}"))?,
            folder,
            address,
            key,
            public_key,
        };
        server.answers()
    }

    fn answers(mut self) -> Result<Self, String> {
        let begun = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = self.process.try_wait().ok().flatten();
            if ended.is_some() || begun.elapsed() > PATIENCE {
                return Err(format!("proffer serve does not answer: {ended:?}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(self)
    }

    /// Tells a suite where the server is.
    fn tell<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("PROFFER_URL", format!("http://{}", self.address))
            .env("PROFFER_KEY", &self.key)
            .env("PROFFER_PUBLIC_KEY", &self.public_key)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// A key to the sandbox.
fn new_key(folder: &Path, words: &[&str]) -> Result<String, String> {
    let mut asked = proffer("key", folder);
    let made = asked
        .args(["--sandbox", "--name", "conformance"])
        .args(words);
    let made = made.stderr(Stdio::null()).output();
    let made = made.map_err(|error| format!("proffer key: {error}"))?;
    Ok(String::from_utf8_lossy(&made.stdout).trim().to_owned())
}

fn proffer(command: &str, folder: &Path) -> Command {
    let mut program = Command::new(beside_us("proffer"));
    program
        .args([command, "--data"])
        .arg(folder)
        .env_remove("PROFFER_STORE")
        .env("PROFFER_LOG", "warn")
        .stdin(Stdio::null());
    program
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
