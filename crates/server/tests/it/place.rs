//! Where does the store of a test live? In a folder of its own; or in a database of its own, where
//! `PROFFER_TEST_STORE` says `postgres`.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use cluster::Database;
use store::{Settings, Store};

pub enum Place {
    Folder(Folder),
    Database(Database),
}

/// Removed with all that is in it.
pub struct Folder(pub PathBuf);

impl Place {
    /// An empty one, which goes away with its test.
    pub fn new() -> Self {
        if !is_postgres() {
            return Self::Folder(Folder::new());
        }
        match Database::new().unwrap() {
            Some(database) => Self::Database(database),
            None => panic!("PROFFER_TEST_STORE names PostgreSQL, which is not installed"),
        }
    }

    /// One more handle on the store in it.
    pub async fn open(&self) -> Store {
        match self {
            Self::Folder(folder) => folder.open(),
            Self::Database(database) => Store::connect(database.url(), Settings::default())
                .await
                .unwrap(),
        }
    }

    /// The words that name it to `proffer`.
    pub fn words(&self) -> [String; 2] {
        match self {
            Self::Folder(folder) => ["--data".into(), folder.0.display().to_string()],
            Self::Database(database) => ["--store".into(), database.url().to_owned()],
        }
    }
}

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("proffer-it-{}-{number}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        let _ = std::fs::remove_dir_all(&folder.0);
        std::fs::create_dir_all(&folder.0).unwrap();
        folder
    }

    /// SQLite's file in it.
    pub fn open(&self) -> Store {
        Store::open(&self.0.join("proffer.db"), Settings::default()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn is_postgres() -> bool {
    match std::env::var("PROFFER_TEST_STORE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("PROFFER_TEST_STORE is {other}, not sqlite or postgres"),
    }
}

/// Whether a test is passed over, because what it looks at is of SQLite alone.
pub fn is_sqlites(what: &str) -> bool {
    let is_passed_over = is_postgres();
    if is_passed_over {
        println!("not tested on PostgreSQL: {what}");
    }
    is_passed_over
}
