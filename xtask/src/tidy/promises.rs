//! Is every promise a test of that name?

use super::Source;

/// What the architecture promises that tests hold to.
const PROMISES: [&str; 16] = [
    "guardrail_trumps_policy",
    "no_offer_by_default",
    "order_of_campaigns_does_not_matter",
    "same_id_same_answer",
    "replay_is_equal",
    "discounts_add_up",
    "price_never_above_list_nor_below_floor",
    "books_balance",
    "no_account_below_zero",
    "rollback_restores_every_balance",
    "no_consent_no_byte",
    "merge_is_commutative",
    "split_undoes_merge",
    "fast_path_equals_spec",
    "cel_oracle_agrees",
    "acknowledged_is_durable",
];

pub fn breaches(sources: &[Source]) -> Vec<String> {
    let is_kept = |promise: &&str| {
        let test = format!("fn {promise}(");
        sources
            .iter()
            .any(|source| source.is_rust() && source.text.contains(&test))
    };
    let broken = PROMISES.iter().filter(|promise| !is_kept(promise));
    broken
        .map(|promise| format!("no test is named {promise}"))
        .collect()
}
