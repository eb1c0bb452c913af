//! Does the system do what a marketer was told it does? Plain-text stories, read and run against
//! anything that is a [`World`].

mod acts;
mod claims;
mod memory;
mod pattern;
mod readme;
mod script;
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
    let mut stage = stage::Stage::new(world);
    let mut last = None;
    for line in story.lines() {
        stage
            .play(line)
            .map_err(|reason| story.failure(line, reason))?;
        last = Some(line);
    }
    match (stage.check_books(), last) {
        (Err(reason), Some(line)) => Err(story.failure(line, reason)),
        _ => Ok(()),
    }
}
