//! Every file of `stories/`, as a test of its own name.

use std::path::PathBuf;

use simulation::story::{Memory, Story, doubt, readme};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../stories")
}

fn text_of(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap()
}

fn story(file: &str) -> Story {
    let text = text_of(file);
    Story::read(file, &text).unwrap_or_else(|failure| panic!("{failure}"))
}

/// What is of a shop is read here, and told to a server over HTTP.
fn play(file: &str) {
    let story = story(file);
    if !story.is_of_shop() {
        doubt(&story, &mut Memory::default()).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

simulation::stories!(play);

#[test]
fn every_story_is_a_test() {
    let names = std::fs::read_dir(folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".story")).collect();
    found.sort();
    assert_eq!(found, LISTED);
}

#[test]
fn the_page_of_sentences_is_up_to_date() {
    let page = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let same = page == readme();
    assert!(
        same,
        "write it with: cargo test -p simulation --test it write_the_page -- --ignored"
    );
}

#[test]
#[ignore = "writes stories/README.md"]
fn write_the_page_of_sentences() {
    std::fs::write(folder().join("README.md"), readme()).unwrap();
}
