//! Does the system do what a marketer was told it does? Plain-text stories, read and run against
//! anything that is a [`World`].

mod acts;
mod claims;
mod listed;
mod memory;
mod pattern;
mod readme;
mod script;
mod shop;
mod shown;
mod stage;
mod terms;
mod values;
pub mod world;

pub use memory::Memory;
pub use readme::readme;
pub use script::{Failure, Story};
pub use world::World;

#[cfg(test)]
mod tests;

/// Plays a story. At its end the books must balance, whether it says so or not.
///
/// # Errors
/// The first line that was not understood, could not be done, or did not come true.
pub fn run(story: &Story, world: &mut dyn World) -> Result<(), Failure> {
    play(story, world, |_, _| Ok(()))
}

/// Plays a story and says every claim with each of its figures changed, too, which must not come
/// true: what a world sees does not change by looking.
///
/// # Errors
/// As [`run`]; and the first line of which a wrong figure comes true.
pub fn doubt(story: &Story, world: &mut dyn World) -> Result<(), Failure> {
    play(story, world, |stage, line| {
        let mistaken = line.misstated().into_iter();
        let mut believed = mistaken.filter(|wrong| stage.play(wrong).is_ok());
        match believed.next() {
            Some(wrong) => Err(format!("“{}” comes true as well", wrong.sentence)),
            None => Ok(()),
        }
    })
}

/// Plays line by line, and does something before each.
fn play(
    story: &Story,
    world: &mut dyn World,
    mut before: impl FnMut(&mut stage::Stage<'_>, &script::Line) -> Result<(), String>,
) -> Result<(), Failure> {
    let mut stage = stage::Stage::new(world);
    let mut last = None;
    for line in story.lines() {
        before(&mut stage, line)
            .and_then(|()| stage.play(line))
            .map_err(|reason| story.failure(line, reason))?;
        last = Some(line);
    }
    let end = stage.check_spoken_of().and_then(|()| stage.check_books());
    match (end, last) {
        (Err(reason), Some(line)) => Err(story.failure(line, reason)),
        _ => Ok(()),
    }
}
