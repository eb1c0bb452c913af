//! Up to which rate do the servers follow, mix by mix?

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use benches::database::Database;
use tokio::time::sleep;

use crate::{
    climb::Climb,
    drawing::{Curve, drawing},
    drive::{Offered, offer},
    mix::Mix,
    options::{Options, Setting},
    plot, rows,
    rows::{PERCENTILES, Row},
    servers::Servers,
};

/// Requests a second of the first step.
const FIRST: f64 = 100.0;
/// Before the first step, so that connections and caches are there.
const WARM: Duration = Duration::from_secs(1);
/// After too much, until all is quiet again.
const QUIET: Duration = Duration::from_secs(1);

/// All steps of one mix on one setting.
pub struct Climbed {
    pub mix: Mix,
    setting: Setting,
    rows: Vec<Row>,
    /// The highest rate that was followed.
    pub followed: Option<f64>,
}

/// Whether each mix can be followed at some rate, and nothing failed that was followed.
///
/// # Errors
/// When nothing can be measured.
pub async fn run(options: &Options, database: Option<&Database>) -> Result<bool, String> {
    let mut all = Vec::new();
    for setting in &options.settings {
        println!(
            "{setting}: a shop of {} customers is made",
            options.customers
        );
        let servers = Servers::start(*setting, options, database).await?;
        for mix in Mix::EACH {
            let climbed = climb(&servers, (mix, *setting), options.step).await?;
            println!("{}", plot::plot(&climbed.rows));
            save(&format!("{}-{setting}", mix.name()), &climbed.drawn())?;
            all.push(climbed);
        }
        servers.stop().await?;
    }
    if options.settings.len() > 1 {
        for mix in Mix::EACH {
            save(mix.name(), &side_by_side(mix, &all))?;
        }
    }
    println!("drawn in {}", folder().display());
    Ok(summary(&all))
}

/// Steps the rate up, and prints a row for each step.
///
/// # Errors
/// When the driver breaks off.
pub async fn climb(
    servers: &Servers<'_>,
    (mix, setting): (Mix, Setting),
    step: Duration,
) -> Result<Climbed, String> {
    println!(
        "\n{} on {setting}, {}\n{}",
        mix.name(),
        mix.sentence(),
        rows::head()
    );
    let offered = |per_second, lasts| Offered {
        mix,
        per_second,
        lasts,
    };
    offer(&servers.target, offered(FIRST, WARM.min(step))).await?;
    let (mut climb, mut rows) = (Climb::from(FIRST), Vec::new());
    while let Some(per_second) = climb.next() {
        let row = measure(servers, offered(per_second, step)).await?;
        println!("{}", rows::line(&row));
        if row.is_followed() {
            climb.follow();
        } else {
            climb.refuse();
            sleep(QUIET).await;
        }
        rows.push(row);
    }
    rows.sort_by(|one, other| one.offered.total_cmp(&other.offered));
    Ok(Climbed {
        mix,
        setting,
        rows,
        followed: climb.followed(),
    })
}

async fn measure(servers: &Servers<'_>, offered: Offered) -> Result<Row, String> {
    let before = servers.gauges();
    let heard = offer(&servers.target, offered).await?;
    Ok(Row::new(offered, &heard, (before, servers.gauges())))
}

impl Climbed {
    fn drawn(&self) -> String {
        let curves = PERCENTILES.iter().enumerate().map(|(place, (name, _))| {
            let of = |row: &Row| row.latency.get(place).map(|micros| (row.offered, *micros));
            Curve {
                name: (*name).to_owned(),
                points: self.rows.iter().filter_map(of).collect(),
            }
        });
        let title = format!("{} on {}", self.mix.name(), self.setting);
        drawing(&title, &curves.collect::<Vec<_>>())
    }

    /// The row of the highest rate that was followed.
    fn best(&self) -> Option<&Row> {
        self.rows.iter().rfind(|row| row.is_followed())
    }
}

fn side_by_side(mix: Mix, all: &[Climbed]) -> String {
    let of_mix = all.iter().filter(|climbed| climbed.mix == mix);
    let curves = of_mix.map(|climbed| Curve {
        name: climbed.setting.to_string(),
        points: climbed
            .rows
            .iter()
            .map(|row| (row.offered, row.p99()))
            .collect(),
    });
    let title = format!("{}: the 99th percentile", mix.name());
    drawing(&title, &curves.collect::<Vec<_>>())
}

fn summary(all: &[Climbed]) -> bool {
    println!("\nthe highest rates that were followed\n{}", rows::head());
    let mut is_well = true;
    for climbed in all {
        match climbed.best() {
            Some(row) => {
                println!(
                    "{}  {} on {}",
                    rows::line(row),
                    climbed.mix.name(),
                    climbed.setting
                );
            }
            None => println!("none: {} on {}", climbed.mix.name(), climbed.setting),
        }
        let followed = climbed.rows.iter().filter(|row| row.is_followed());
        let failed: u64 = followed.map(|row| row.failed).sum();
        if failed > 0 {
            println!("{failed} failed where the rest was followed");
        }
        is_well &= climbed.best().is_some() && failed == 0;
    }
    is_well
}

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.unwrap_or(Path::new(".")).join("target/load")
}

fn save(name: &str, drawing: &str) -> Result<(), String> {
    let file = folder().join(name).with_extension("svg");
    let saved = fs::create_dir_all(folder()).and_then(|()| fs::write(&file, drawing));
    saved.map_err(|error| format!("{}: {error}", file.display()))
}
