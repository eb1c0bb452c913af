//! Every file of `stories/`, told to the server over HTTP.

mod behind;
mod spoken;
mod told;
mod world;

use std::path::PathBuf;

use simulation::story::{Failure, Story, run};

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

fn tell(story: &Story, text: &str) -> Result<(), Failure> {
    run(story, &mut Http::open(text))
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

macro_rules! stories {
    ($($name:ident: $file:literal,)*) => {
        const LISTED: &[&str] = &[$($file),*];
        $(
            #[test]
            fn $name() {
                play($file);
            }
        )*
    };
}

stories! {
    story_01_first_offer: "01-first-offer.story",
    story_02_the_budget_runs_out: "02-the-budget-runs-out.story",
    story_03_stacking: "03-stacking.story",
    story_04_refund_after_return: "04-refund-after-return.story",
    story_05_gift_balance_and_breakage: "05-gift-balance-and-breakage.story",
    story_06_the_holdout_sees_nothing: "06-the-holdout-sees-nothing.story",
    story_07_cart_rescue_starts_with_shipping: "07-cart-rescue-starts-with-shipping.story",
    story_08_win_back_stops_on_conversion: "08-win-back-stops-on-conversion.story",
    story_09_vip_without_discounts: "09-vip-without-discounts.story",
    story_10_replenishment_assist: "10-replenishment-assist.story",
    story_11_category_nudge: "11-category-nudge.story",
    story_12_first_to_second_purchase: "12-first-to-second-purchase.story",
    story_13_no_consent_no_offer: "13-no-consent-no-offer.story",
    story_14_one_use_and_a_retry: "14-one-use-and-a-retry.story",
    story_15_a_lost_race_gives_nothing: "15-a-lost-race-gives-nothing.story",
    story_16_the_margin_floor_bars: "16-the-margin-floor-bars.story",
    story_17_what_an_offer_earned: "17-what-an-offer-earned.story",
    story_18_nobody_mid_return: "18-nobody-mid-return.story",
    story_19_benefits_of_every_kind: "19-benefits-of-every-kind.story",
    story_20_amounts_line_by_line: "20-amounts-line-by-line.story",
    story_21_units_that_join: "21-units-that-join.story",
    story_22_counted_for_each_order: "22-counted-for-each-order.story",
    story_23_the_best_of_what_there_is: "23-the-best-of-what-there-is.story",
    story_24_a_promotion_lived: "24-a-promotion-lived.story",
    story_25_a_share_of_what_is_left: "25-a-share-of-what-is-left.story",
    story_26_no_more_than_this: "26-no-more-than-this.story",
    story_27_shipping_for_nothing: "27-shipping-for-nothing.story",
    story_28_a_mug_in_the_box: "28-a-mug-in-the-box.story",
}

#[test]
fn every_story_is_told() {
    let names = std::fs::read_dir(folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".story")).collect();
    found.sort();
    assert_eq!(found, LISTED);
}
