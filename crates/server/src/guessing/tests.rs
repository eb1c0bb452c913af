//! Who is held up, for how long, and who is not?

use super::*;

const NOW: Timestamp = 1_795_262_400_000;

fn guessing() -> Guessing {
    Guessing::new([7; 64])
}

fn who<'a>(person: Option<&'a str>, address: &str) -> Who<'a> {
    Who {
        project: ProjectId(1),
        person,
        address: Some(address.parse().unwrap()),
    }
}

/// Tries one code that is not there; whether it was looked at.
fn miss(guessing: &Guessing, who: &Who<'_>, now: Timestamp) -> bool {
    let attempt = guessing.begin(who, 1, now);
    let is_looked_at = attempt.found_missing(1);
    guessing.end(&attempt);
    is_looked_at
}

/// How many guesses in a row are looked at.
fn looked_at(guessing: &Guessing, who: &Who<'_>, now: Timestamp) -> usize {
    (0..100).take_while(|_| miss(guessing, who, now)).count()
}

#[test]
fn a_person_an_address_and_a_network_have_their_own_limits() {
    let ann = guessing();
    assert_eq!(looked_at(&ann, &who(Some("ann"), "203.0.113.7"), NOW), 5);
    // Another address does not help her, and somebody else beside her goes on.
    assert_eq!(looked_at(&ann, &who(Some("ann"), "198.51.100.1"), NOW), 0);
    assert_eq!(looked_at(&ann, &who(Some("bob"), "203.0.113.7"), NOW), 5);
    let nameless = guessing();
    assert_eq!(looked_at(&nameless, &who(None, "203.0.113.7"), NOW), 20);
    assert_eq!(looked_at(&nameless, &who(None, "203.0.113.8"), NOW), 20);
    assert_eq!(looked_at(&nameless, &who(None, "203.0.113.9"), NOW), 20);
    assert_eq!(looked_at(&nameless, &who(None, "203.0.113.10"), NOW), 0);
    assert_eq!(looked_at(&nameless, &who(None, "203.0.114.7"), NOW), 20);
}

#[test]
fn what_is_there_is_no_failure() {
    let guessing = guessing();
    let ann = who(Some("ann"), "203.0.113.7");
    for _ in 0..100 {
        let attempt = guessing.begin(&ann, 5, NOW);
        assert!(attempt.found_missing(0));
        guessing.end(&attempt);
    }
    assert_eq!(looked_at(&guessing, &ann, NOW), 5);
}

#[test]
fn calls_at_the_same_moment_do_not_pass_the_limit_together() {
    let guessing = guessing();
    let ann = who(Some("ann"), "203.0.113.7");
    let attempts: Vec<_> = (0..50).map(|_| guessing.begin(&ann, 1, NOW)).collect();
    let free = attempts.iter().filter(|attempt| !attempt.only_own());
    assert_eq!(free.count(), 5);
}

#[test]
fn each_wait_is_longer_than_the_last_and_ends() {
    let guessing = guessing();
    let ann = who(Some("ann"), "203.0.113.7");
    let mut now = NOW;
    for minutes in [10, 20, 40, 60, 60] {
        assert_eq!(looked_at(&guessing, &ann, now), 5);
        let wait = guessing.begin(&ann, 1, now).wait.unwrap();
        assert_eq!((wait.until - now) / 60_000, minutes);
        assert!(!miss(&guessing, &ann, wait.until - 1));
        now = wait.until;
    }
    now += LONGEST + 1;
    assert_eq!(looked_at(&guessing, &ann, now), 5);
    assert_eq!(
        guessing.begin(&ann, 1, now).wait.unwrap().until,
        now + WINDOW
    );
}

#[test]
fn failures_are_forgotten_after_ten_minutes() {
    let guessing = guessing();
    let ann = who(Some("ann"), "203.0.113.7");
    for minute in 0..40 {
        assert!(miss(&guessing, &ann, NOW + minute * 150_000), "{minute}");
    }
}

#[test]
fn another_project_has_counts_of_its_own() {
    let guessing = guessing();
    let ann = who(Some("ann"), "203.0.113.7");
    assert_eq!(looked_at(&guessing, &ann, NOW), 5);
    let other = Who {
        project: ProjectId(2),
        ..ann
    };
    assert_eq!(looked_at(&guessing, &other, NOW), 5);
}

#[test]
fn a_refused_call_is_told_how_long_and_an_own_code_is_not_refused() {
    let guessing = guessing();
    let ann = who(Some("ann"), "203.0.113.7");
    looked_at(&guessing, &ann, NOW);
    let refused = guessing.begin(&ann, 1, NOW + 1);
    assert!(refused.only_own() && !refused.found_missing(1));
    let wait = Wait {
        limit: 5,
        until: NOW + WINDOW,
    };
    assert_eq!(refused.refused(), Some(wait));
    let own = guessing.begin(&ann, 1, NOW + 1);
    assert!(own.only_own() && own.found_missing(0));
    assert_eq!(own.refused(), None);
}

#[test]
fn whoever_tries_no_code_never_waits() {
    let guessing = guessing();
    let ann = who(Some("ann"), "203.0.113.7");
    looked_at(&guessing, &ann, NOW);
    assert!(!guessing.begin(&ann, 0, NOW).only_own());
}

#[test]
fn memory_is_bounded() {
    let guessing = Guessing::remembering(50, [7; 64]);
    for number in 0..60 {
        let name = number.to_string();
        let nowhere = Who {
            address: None,
            ..who(Some(&name), "203.0.113.7")
        };
        guessing.end(&guessing.begin(&nowhere, 1, NOW));
    }
    let memory = guessing.memory();
    assert_eq!((memory.failed.len(), memory.order.len()), (50, 50));
}

#[test]
fn a_minute_of_guesses_is_told_once_and_a_minute_of_mistakes_never() {
    let mut minute = Minute::default();
    let told = (0..60).filter(|second| minute.saw((1, 1), NOW + second * 900));
    assert_eq!(told.count(), 1);
    let mut minute = Minute::default();
    let told = (0..60).filter(|second| minute.saw((2, 1), NOW + second * 900));
    assert_eq!(told.count(), 0);
}

/// A network of machines that guesses as fast as it is let.
#[test]
fn a_simulated_attack_is_noticed_within_a_minute_and_held_to_a_trickle() {
    let guessing = guessing();
    let (mut looked_at, mut noticed) = (0, None);
    let mut minute = Minute::default();
    for ms in (0..3_600_000).step_by(250) {
        let now = NOW + ms;
        let person = format!("guess-{ms}");
        let address = format!("203.0.113.{}", ms / 250 % 4 + 1);
        let is_looked_at = miss(&guessing, &who(Some(&person), &address), now);
        looked_at += u32::from(is_looked_at);
        if minute.saw((1, 1), now) {
            noticed = noticed.or(Some(ms));
        }
    }
    assert!(noticed.is_some_and(|ms| ms < MINUTE), "{noticed:?}");
    // 14,400 guesses were sent. One in 2⁶⁰ / live codes is right.
    assert!(looked_at <= 240, "{looked_at}");
}
