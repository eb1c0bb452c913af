//! Does it stay as it is? Half of what the servers can follow, for an hour.

mod verdict;

use std::time::Duration;

use benches::database::Database;
use hdrhistogram::Histogram;

use crate::{
    drive::{Heard, Offered, offer},
    loading::climb,
    mix::Mix,
    options::Options,
    rows::{bytes, time},
    servers::Servers,
};

/// Looks at the servers.
const SLICES: u32 = 60;
const SHARE: f64 = 0.5;
const LONGEST_STEP: Duration = Duration::from_secs(10);

/// A part of the time, and what there is at its end.
pub struct Slice {
    /// Minutes since the beginning.
    at: f64,
    due: u64,
    done: u64,
    busy: u64,
    failed: u64,
    /// Microseconds.
    latency: Histogram<u64>,
    /// Bytes.
    memory: u64,
    threads: u64,
    /// Without the driver's own connections.
    files: u64,
    /// Bytes.
    stored: u64,
}

/// Whether all stayed as it was.
///
/// # Errors
/// When nothing can be measured.
pub async fn run(options: &Options, database: Option<&Database>) -> Result<bool, String> {
    let setting = options.settings.first().copied();
    let setting = setting.ok_or("nobody serves")?;
    println!(
        "{setting}: a shop of {} customers is made",
        options.customers
    );
    let servers = Servers::start(setting, options, database).await?;
    let step = Duration::from_secs(options.minutes).min(LONGEST_STEP);
    let climbed = climb(&servers, (Mix::All, setting), step).await?;
    let followed = climbed.followed.ok_or("no rate was followed")?;
    let offered = Offered {
        mix: Mix::All,
        per_second: SHARE * followed,
        lasts: Duration::from_secs(options.minutes * 60) / SLICES,
    };
    let minutes = options.minutes;
    println!(
        "\n{:.0} a second for {minutes} minutes\n{}",
        offered.per_second,
        head()
    );
    let before = servers.stored();
    let mut slices = Vec::new();
    for number in 1..=SLICES {
        let heard = offer(&servers.target, offered).await?;
        let at = (offered.lasts * number).as_secs_f64() / 60.0;
        let slice = look(&servers, at, heard);
        println!("{}", line(&slice));
        slices.push(slice);
    }
    let grown = servers.stored().saturating_sub(before);
    servers.stop().await?;
    let done: u64 = slices.iter().map(|slice| slice.done).sum();
    println!("the store grew by {} a request", bytes(grown / done.max(1)));
    let findings = verdict::judge(&slices);
    for finding in &findings {
        println!("{}", finding.sentence());
    }
    Ok(!findings.iter().any(|finding| finding.is_wrong()))
}

fn look(servers: &Servers<'_>, at: f64, heard: Heard) -> Slice {
    let open = servers.target.lines.open() as u64;
    let gauges = servers.gauges();
    Slice {
        at,
        due: heard.due,
        done: heard.done,
        busy: heard.busy,
        failed: heard.failed + heard.unanswered,
        latency: heard.latency,
        memory: gauges.memory,
        threads: gauges.threads,
        files: gauges.files.saturating_sub(open),
        stored: servers.stored(),
    }
}

fn head() -> String {
    format!(
        "{:>7} {:>8} {:>9} {:>9} {:>9} {:>8} {:>7} {:>6} {:>8} {:>6} {:>6}",
        "minute",
        "done",
        "p50",
        "p99",
        "max",
        "memory",
        "threads",
        "files",
        "store",
        "busy",
        "failed"
    )
}

fn line(slice: &Slice) -> String {
    let at = |quantile: f64| time(slice.latency.value_at_quantile(quantile) as f64);
    format!(
        "{:>7.1} {:>8} {:>9} {:>9} {:>9} {:>8} {:>7} {:>6} {:>8} {:>6} {:>6}",
        slice.at,
        slice.done,
        at(0.5),
        at(0.99),
        at(1.0),
        bytes(slice.memory),
        slice.threads,
        slice.files,
        bytes(slice.stored),
        slice.busy,
        slice.failed,
    )
}
