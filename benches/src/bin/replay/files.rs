//! How is a table read? CSV with a heading, as it is or gzipped.

use std::{fs::File, io::Read, path::Path};

use csv::StringRecord;
use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;

/// Hands every row of a file to `take`, in the order of the file.
///
/// # Errors
/// When the file cannot be read, a row does not fit, or `take` refuses one.
pub fn each<T: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(T) -> Result<(), String>,
) -> Result<(), String> {
    each_in_place(path, |record, heading| {
        let row = record.deserialize(Some(heading));
        take(row.map_err(|error| error.to_string())?)
    })
}

/// As [`each`], without a copy of what is not taken: a record with its heading.
///
/// # Errors
/// As [`each`].
pub fn each_in_place(
    path: &Path,
    mut take: impl FnMut(&StringRecord, &StringRecord) -> Result<(), String>,
) -> Result<(), String> {
    let place = path.display();
    let told = |error: String| format!("{place}: {error}");
    let file = File::open(path).map_err(|error| told(error.to_string()))?;
    let plain: Box<dyn Read> = match path.extension() {
        Some(end) if end == "gz" => Box::new(GzDecoder::new(file)),
        _ => Box::new(file),
    };
    let mut reader = csv::Reader::from_reader(plain);
    let heading = reader
        .headers()
        .map_err(|error| told(error.to_string()))?
        .clone();
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {
                take(&record, &heading).map_err(|error| told(format!("{error} in {record:?}")))?
            }
            Ok(false) => return Ok(()),
            Err(error) => return Err(told(error.to_string())),
        }
    }
}

/// An amount of money in minor units, half up.
///
/// # Errors
/// When it is no amount.
pub fn minor(text: &str) -> Result<u64, String> {
    wire::decimal::scaled(text, 2).map_err(|why| format!("{text}: {}", why.sentence()))
}

/// An instant, or a date's first instant; the files tell no offset and mean UTC here.
///
/// # Errors
/// When it is no instant.
pub fn instant(text: &str) -> Result<i64, String> {
    let written = match text.split_once(' ') {
        Some((date, time)) => format!("{date}T{time}Z"),
        None => text.to_owned(),
    };
    wire::time::parse(&written).ok_or_else(|| format!("{text} is not an instant"))
}
