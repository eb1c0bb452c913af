//! How do all tests of a checkout share one cluster?
//!
//! Whoever comes first makes it, in the system's folder for temporary files. Each test makes a
//! database there and drops it. Every process that uses the cluster holds a lock; a shell beside it
//! looks every few seconds whether somebody does, and stops and removes it otherwise.

use std::{
    fs::{self, File},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{
    installed,
    place::{Place, UNSYNCED},
    tools::{Tools, free_port, is_root, succeed},
};

/// One that goes away with its test.
pub struct Database {
    name: String,
    url: String,
}

impl Database {
    /// None where PostgreSQL is absent.
    ///
    /// # Errors
    /// When it is absent and may not be, or the cluster or the database cannot be made.
    pub fn new() -> Result<Option<Self>, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}", std::process::id());
        let Some(shared) = SHARED.as_ref().map_err(String::clone)? else {
            return Ok(None);
        };
        let url = shared.place.create(&name)?;
        Ok(Some(Self { name, url }))
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(Some(shared)) = SHARED.as_ref()
            && let Err(why) = shared.place.remove(&self.name)
        {
            eprintln!("{}: {why}", self.name);
        }
    }
}

static SHARED: LazyLock<Result<Option<Shared>, String>> =
    LazyLock::new(|| installed()?.map(Shared::join).transpose());

struct Shared {
    place: Place,
    /// Held as long as the process lives.
    _user: File,
}

impl Shared {
    fn join(tools: Tools) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("the shared cluster: {error}");
        let folder = folder();
        fs::create_dir_all(&folder).map_err(told)?;
        let making = File::create(folder.join("making")).map_err(told)?;
        making.lock().map_err(told)?;
        // Waits where it is just being stopped.
        let user = File::create(folder.join("users")).map_err(told)?;
        user.lock_shared().map_err(told)?;
        let noted = folder.join("port");
        if let Some(port) = answering(&noted) {
            let place = Place::new(folder, tools, port);
            return Ok(Self { place, _user: user });
        }
        let port = free_port()?;
        let place = Place::new(folder, tools, port);
        place.make(UNSYNCED)?;
        fs::write(noted, port.to_string()).map_err(told)?;
        watch(&place)?;
        Ok(Self { place, _user: user })
    }
}

/// The port of the cluster that is there. One that went down with the machine is not.
fn answering(noted: &Path) -> Option<u16> {
    let port = fs::read_to_string(noted).ok()?.parse().ok()?;
    TcpStream::connect(("127.0.0.1", port)).ok()?;
    Some(port)
}

/// Nobody waits for it, and it outlives whoever began it.
fn watch(place: &Place) -> Result<(), String> {
    let mut stop = place.control("stop");
    stop.args(["-m", "immediate"]);
    let words = [stop.get_program()].into_iter().chain(stop.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let stop = format!("rm -f port; {}; rm -rf data", words.join(" "));
    let script = format!("while sleep 5; do flock -n users sh -c '{stop}' && exit; done");
    let mut watch = Command::new("sh");
    watch.args(["-c", "setsid sh -c \"$0\" &", &script]);
    succeed(watch.current_dir(place.folder()))
}

/// One for each checkout and user.
fn folder() -> PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).display().to_string();
    let checkout = checkout.replace(['/', '\\'], "-");
    let user = if is_root() { "root" } else { "user" };
    std::env::temp_dir().join(format!("proffer-postgres{checkout}-{user}"))
}
