//! Every file of `stories/`, as a test of its own name.

use std::path::PathBuf;

use simulation::story::{Memory, Story, readme, run};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../stories")
}

fn text_of(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap()
}

fn play(file: &str) {
    let text = text_of(file);
    let story = Story::read(file, &text).unwrap_or_else(|failure| panic!("{failure}"));
    run(&story, &mut Memory::default()).unwrap_or_else(|failure| panic!("{failure}"));
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
fn every_story_is_a_test() {
    let names = std::fs::read_dir(folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<String> = names.filter(|name| name.ends_with(".story")).collect();
    found.sort();
    assert_eq!(found, LISTED);
}

/// The story with the last digit of a word changed, where the word is a number.
fn misstated(text: &str, line: usize, word: usize) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut words: Vec<String> = lines[line].split(' ').map(str::to_owned).collect();
    let number = words[word].trim_end_matches([',', '.', ':']);
    let mut letters = number.chars();
    if !letters.all(|letter| letter.is_ascii_digit() || ".:-".contains(letter)) {
        return None;
    }
    let last = number.chars().last()?.to_digit(10)?;
    let at = number.len() - 1;
    words[word].replace_range(at..=at, &((last + 1) % 10).to_string());
    lines[line] = words.join(" ");
    Some(lines.join("\n"))
}

/// The lines that say what must be so, from 0.
fn claims(text: &str) -> Vec<usize> {
    let mut is_claim = false;
    let lines = text.lines().enumerate().filter(|(_, line)| {
        match line.split_whitespace().next() {
            Some("Then") => is_claim = true,
            Some("And") => {}
            _ => is_claim = false,
        }
        is_claim
    });
    lines.map(|(number, _)| number).collect()
}

#[test]
fn a_story_with_a_wrong_figure_fails_at_that_line() {
    let mut tried = 0;
    for file in LISTED {
        let text = text_of(file);
        for line in claims(&text) {
            let words = text.lines().nth(line).unwrap().split(' ').count();
            for wrong in (0..words).filter_map(|word| misstated(&text, line, word)) {
                tried += 1;
                let story = Story::read(file, &wrong).unwrap();
                let failure = run(&story, &mut Memory::default()).unwrap_err();
                assert_eq!(failure.place, format!("{file}:{}", line + 1), "{failure}");
            }
        }
    }
    assert!(tried > 200, "only {tried} figures were tried");
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
