//! What holds for every checkout: limits are exact, and what is given back is there again.

use proptest::prelude::*;

use super::Till;
use crate::chart::{self, Counter, counters};
use crate::{CapUnit, VoucherId};

impl Till {
    fn limits(&self) -> Vec<Counter> {
        counters(&self.campaign, Some(&self.voucher), &self.occasion)
    }
}

const ALL_CAPS: &str = "campaign money 5000; campaign money 2000 day; code uses 30; \
    customer uses 3 week; customer money 1500; overall uses 9; store uses 12 month; \
    campaign uses 20 hour";

fn some_caps() -> impl Strategy<Value = String> {
    let all: Vec<&str> = ALL_CAPS.split("; ").collect();
    let count = all.len();
    prop::sample::subsequence(all, 0..=count).prop_map(|caps| caps.join("; "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Held or not, in time or too late, given back at once or in parts.
    #[test]
    fn rollback_restores_every_cap_and_budget(
        caps in some_caps(),
        (discount, gift, points) in (0..1000u64, 0..=600u64, 0..50u64),
        (is_held, delay, cut) in (any::<bool>(), 0..3000i64, 0..=10u64),
    ) {
        let mut till = Till::new(&caps);
        // Half a second before an hour ends, so that a redemption can fall into the next.
        till.occasion.at = 3_599_500;
        let first = till.limits();
        let gives = format!("{discount} gift {gift} points {points}");
        if is_held {
            till.happen(&format!("validate {gives}")).unwrap();
        }
        till.occasion.at += delay;
        let second = till.limits();
        till.happen(&format!("redeem {gives}")).unwrap();
        let is_taken = |one: &Counter| till.left(one.account.id) < Some(one.cap.limit);
        let counts = |one: &&Counter| match one.cap.unit {
            CapUnit::Uses => discount + gift + points > 0,
            CapUnit::Credit => gift > 0,
            CapUnit::Money | CapUnit::Touches | CapUnit::Orders => discount > 0,
        };
        let counting = if is_held && delay < 1000 { &first } else { &second };
        prop_assert!(counting.iter().filter(counts).all(is_taken));
        till.happen(&format!("rollback 0-{cut}/10")).unwrap();
        till.happen(&format!("rollback {cut}-10/10")).unwrap();
        for one in first.into_iter().chain(second) {
            let left = till.left(one.account.id);
            prop_assert!(left.is_none_or(|left| left == one.cap.limit), "{one:?}");
        }
        prop_assert_eq!(till.left(chart::gift_balance(VoucherId(5))), Some(600));
        prop_assert_eq!(till.left(chart::points(3, 7)).unwrap_or(0), 0);
        prop_assert!(till.books.is_balanced());
        prop_assert!(till.books.accounts.values().all(|one| one.debits.pending == 0));
    }

    /// Limit rules 1 and 2: exactly what fits is granted, counted by hand.
    #[test]
    fn never_more_than_the_limit_and_never_less(
        (budget, uses) in (1..3000u64, 1..5u64),
        tries in prop::collection::vec((1..4u64, 1..500u64), 1..40),
    ) {
        let mut till = Till::new(&format!("campaign money {budget}; customer uses {uses}"));
        let mut spent = 0;
        let mut used = [0; 4];
        for (customer, discount) in tries {
            till.occasion.customer = Some(customer);
            let mine = &mut used[customer as usize];
            let fits = *mine < uses && spent + discount <= budget;
            let answer = till.happen(&format!("redeem {discount}"));
            prop_assert_eq!(answer.is_ok(), fits);
            *mine += u64::from(fits);
            spent += if fits { discount } else { 0 };
        }
    }
}
