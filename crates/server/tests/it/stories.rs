//! Every file of `stories/`, told to the server over HTTP.

mod behind;
mod spoken;
mod told;
mod world;

use std::path::PathBuf;

use simulation::story::{Failure, Story, doubt, run};

use world::Http;

/// Lines that no call can tell yet, and why. They are left out, and the rest of the story is told.
const UNTOLD: [(&str, &str, &str); 8] = [
    (
        "13",
        "LOOKED is not given to ann: fact not known",
        NOTHING_KEPT,
    ),
    ("13", "ann is told: You have not allowed us", NOTHING_KEPT),
    ("13", "ann is told: You can allow it", NOTHING_KEPT),
    ("03", "MEMBER takes 3.00 off line 1", OFF_THE_ORDER),
    ("03", "MEMBER takes 2.00 off line 2", OFF_THE_ORDER),
    ("14", "code BOBS of PERSONAL for bob", GIVEN_BY_HAND),
    ("14", "with BOBS", GIVEN_BY_HAND),
    (
        "14",
        "PERSONAL is refused: belongs to somebody else",
        GIVEN_BY_HAND,
    ),
];

const NOTHING_KEPT: &str =
    "of a decision without consent nothing is kept but its fate, so no trace explains it";
const OFF_THE_ORDER: &str = "a share off the whole order is told as one amount, not by line";
const GIVEN_BY_HAND: &str =
    "no call gives a code made by hand to one customer; only a decision's code has a holder";

/// Whoever is asked for first at the same moment is not always kept first: then the story is told
/// again, to another shop.
const MOMENTS: usize = 50;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../stories")
}

/// The text without the lines that cannot be told, which stay as empty lines.
fn tellable(file: &str, text: &str) -> String {
    let lines = text.lines().map(|line| {
        let untold =
            |(story, part, _): &&(&str, &str, &str)| file.starts_with(story) && line.contains(part);
        match UNTOLD.iter().find(untold) {
            Some((_, _, why)) => {
                println!("{file}: not told: {}\n    {why}", line.trim());
                ""
            }
            None => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What the core is not told is doubted here; the rest was, in memory.
fn tell(story: &Story, text: &str) -> Result<(), Failure> {
    let mut shop = Http::open(text);
    match story.is_of_shop() {
        true => doubt(story, &mut shop),
        false => run(story, &mut shop),
    }
}

fn play(file: &str) {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let text = tellable(file, &text);
    let story = Story::read(file, &text).unwrap_or_else(|failure| panic!("{failure}"));
    let times = if text.contains("at the same moment") {
        MOMENTS
    } else {
        1
    };
    let failed = |_| tell(&story, &text).err();
    // The first that comes true ends it; else the last failure is told.
    let failures: Option<Vec<Failure>> = (0..times).map(failed).collect();
    if let Some(failure) = failures.and_then(|all| all.into_iter().next_back()) {
        panic!("{failure}");
    }
}

simulation::stories!(play);

#[test]
fn every_story_is_told() {
    let names = std::fs::read_dir(folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".story")).collect();
    found.sort();
    assert_eq!(found, LISTED);
}
