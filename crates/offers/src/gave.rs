//! What did one use of a redeemable give on an order, and what of that came back?

use ledger::{Minor, allocate};
use serde::{Deserialize, Serialize};

/// What one use gave, in minor units, or in points where it gave points.
///
/// Invariant: however it comes back, part by part, the parts add up to what was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gave {
    /// By the items of the order: those that were sent, then those that joined.
    pub shares: Vec<Share>,
    /// Beside the items: on shipping, or on an order without items.
    pub rest: Minor,
    /// What came back of that.
    pub rest_back: Minor,
}

/// What was given on one item of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub units: u32,
    pub amount: Minor,
    /// How many of the units came back.
    pub returned: u32,
    /// What came back of the amount.
    pub back: Minor,
}

/// Not so many units, or not so much, is left to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch {
    pub left: Minor,
}

/// Takes back so much of what several uses gave on one order, each as much as its part of what is
/// left, and tells whether nothing is left of them. Where some gave money and some gave points
/// (`gave_points`), it is so much money, and the points come back in proportion.
///
/// # Errors
/// When not so much is left; then nothing came back.
pub fn take_back(uses: &mut [Gave], gave_points: &[bool], amount: Minor) -> Result<bool, TooMuch> {
    let left_of = |points: bool| -> Vec<Minor> {
        let all = uses.iter().zip(gave_points);
        all.map(|(one, is_points)| if *is_points == points { one.left() } else { 0 })
            .collect()
    };
    let money = left_of(false);
    let is_money = money.iter().any(|left| *left > 0);
    let lefts = if is_money { money } else { left_of(true) };
    let left = lefts.iter().copied().fold(0, Minor::saturating_add);
    if amount == 0 || amount > left {
        return Err(TooMuch { left });
    }
    // Nothing below may fail.
    let parts = allocate(amount, &lefts);
    for ((one, is_points), part) in uses.iter_mut().zip(gave_points).zip(parts) {
        match *is_points == is_money {
            true => one.take_amount(scaled(one.left(), (amount, left))),
            false => one.take_amount(part),
        }
    }
    Ok(amount == left)
}

impl Gave {
    /// All that it gave.
    #[must_use]
    pub fn whole(&self) -> Minor {
        let on_items = self.shares.iter().map(|share| share.amount);
        on_items.fold(self.rest, Minor::saturating_add)
    }

    /// What came back of it.
    #[must_use]
    pub fn back(&self) -> Minor {
        let of_items = self.shares.iter().map(|share| share.back);
        of_items.fold(self.rest_back, Minor::saturating_add)
    }

    /// What can still come back.
    #[must_use]
    pub fn left(&self) -> Minor {
        self.whole().saturating_sub(self.back())
    }

    /// Whether every unit came back.
    #[must_use]
    pub fn is_returned(&self) -> bool {
        let mut shares = self.shares.iter();
        shares.all(|share| share.returned == share.units)
    }

    /// The rest of it comes back.
    pub fn take_all(&mut self) {
        for share in &mut self.shares {
            (share.returned, share.back) = (share.units, share.amount);
        }
        self.rest_back = self.rest;
    }

    /// So much of what is left comes back, shared by what is left of the items and beside them.
    fn take_amount(&mut self, amount: Minor) {
        let rest = self.rest.saturating_sub(self.rest_back);
        let lefts = self.shares.iter().map(Share::left);
        let lefts: Vec<Minor> = lefts.chain([rest]).collect();
        if lefts.iter().all(|left| *left == 0) {
            return;
        }
        let backs = self.shares.iter_mut().map(|share| &mut share.back);
        for (back, part) in backs
            .chain([&mut self.rest_back])
            .zip(allocate(amount, &lefts))
        {
            *back = back.saturating_add(part);
        }
    }
}

/// How many came back of units that count towards a cap, so many of each of these items: of each as
/// many as of all its units, or as of its amount. Rounded down, and in the end all of them.
pub fn counted_back<'s>(items: impl IntoIterator<Item = (&'s Share, u32)>) -> Minor {
    const FINE: Minor = 1_000_000;
    let back = items.into_iter().map(|(share, counted)| {
        let fine = Minor::from(counted) * FINE;
        let by_units = scaled(fine, (share.returned.into(), share.units.into()));
        by_units.max(scaled(fine, (share.back, share.amount)))
    });
    back.fold(0, Minor::saturating_add) / FINE
}

impl Share {
    fn left(&self) -> Minor {
        self.amount.saturating_sub(self.back)
    }

    /// So many more units come back: each brings as much as any other that is left, rounded down,
    /// and the last one all that is left.
    ///
    /// # Errors
    /// When there are not so many; then none came back.
    pub fn take_units(&mut self, quantity: u32) -> Result<(), TooMuch> {
        let left = self.units.saturating_sub(self.returned);
        if quantity == 0 || quantity > left {
            return Err(TooMuch { left: left.into() });
        }
        self.back += scaled(self.left(), (quantity.into(), left.into()));
        self.returned += quantity;
        Ok(())
    }
}

/// A part of an amount, rounded down.
fn scaled(amount: Minor, (part, of): (Minor, Minor)) -> Minor {
    let exact = u128::from(amount) * u128::from(part.min(of)) / u128::from(of.max(1));
    Minor::try_from(exact).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gave(lines: &[(u32, Minor)], rest: Minor) -> Gave {
        let share = |(units, amount): &(u32, Minor)| Share {
            units: *units,
            amount: *amount,
            ..Share::default()
        };
        Gave {
            shares: lines.iter().map(share).collect(),
            rest,
            rest_back: 0,
        }
    }

    fn backs(one: &Gave) -> Vec<Minor> {
        let shares = one.shares.iter().map(|share| share.back);
        shares.chain([one.rest_back]).collect()
    }

    #[test]
    fn units_bring_back_their_part_and_the_last_one_the_rest() {
        let mut one = gave(&[(3, 857), (1, 143)], 0);
        for (line, quantity, back) in [(0, 1, 285), (0, 1, 571), (1, 1, 714), (0, 1, 1_000)] {
            one.shares[line].take_units(quantity).unwrap();
            assert_eq!(one.back(), back);
        }
        assert!(one.is_returned());
        let too_much = one.shares[0].take_units(1);
        assert_eq!(too_much, Err(TooMuch { left: 0 }));
    }

    #[test]
    fn an_amount_is_shared_by_what_is_left() {
        let mut uses = [
            gave(&[(3, 857), (1, 143)], 0),
            gave(&[], 500),
            gave(&[(1, 30)], 0),
        ];
        let points = [false, false, true];
        assert_eq!(take_back(&mut uses, &points, 300), Ok(false));
        assert_eq!(
            uses.each_ref().map(backs),
            [vec![171, 29, 0], vec![100], vec![6, 0]]
        );
        let more = take_back(&mut uses, &points, 1_201);
        assert_eq!(more, Err(TooMuch { left: 1_200 }));
        assert_eq!(
            take_back(&mut uses, &points, 0),
            Err(TooMuch { left: 1_200 })
        );
        assert_eq!(take_back(&mut uses, &points, 1_200), Ok(true));
        uses[2].take_all();
        assert_eq!(uses.each_ref().map(Gave::left), [0, 0, 0]);
        // Where only points were given they are what is counted.
        let mut uses = [gave(&[(1, 30)], 0)];
        assert_eq!(take_back(&mut uses, &[true], 31), Err(TooMuch { left: 30 }));
        assert_eq!(take_back(&mut uses, &[true], 30), Ok(true));
    }

    #[test]
    fn counted_units_come_back_with_theirs() {
        let check = |lines: &[(u32, Minor, u32, Minor, u32)], expected| {
            let shares: Vec<(Share, u32)> = lines
                .iter()
                .map(|(units, amount, returned, back, counted)| {
                    let share = Share {
                        units: *units,
                        amount: *amount,
                        returned: *returned,
                        back: *back,
                    };
                    (share, *counted)
                })
                .collect();
            let back = counted_back(shares.iter().map(|(share, counted)| (share, *counted)));
            assert_eq!(back, expected, "{lines:?}");
        };
        check(&[(3, 1_000, 1, 333, 3)], 1);
        check(&[(6, 500, 1, 83, 5)], 0);
        check(&[(6, 500, 2, 166, 5)], 1);
        check(&[(6, 500, 6, 500, 5)], 5);
        // An amount is shared by lines, and what is half a unit of each is one of both.
        check(&[(3, 300, 0, 150, 3), (1, 100, 0, 50, 1)], 2);
        check(&[(1, 900, 1, 900, 1), (9, 90, 0, 0, 9)], 1);
        check(&[], 0);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Units(usize, u32),
        Amount(Minor),
    }

    fn uses() -> impl Strategy<Value = Vec<(Gave, bool)>> {
        let amount = prop_oneof![Just(0), 1..40_u64, 0..1_000_000_u64, Just(u64::MAX / 64)];
        let line = (1..5_u32, amount.clone());
        let one = (prop::collection::vec(line, 0..5), amount, any::<bool>());
        let one = one.prop_map(|(lines, rest, points)| (gave(&lines, rest), points));
        prop::collection::vec(one, 1..4)
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let amount = prop_oneof![0..50_u64, 0..500_000_u64];
        let step = prop_oneof![
            (0..5_usize, 0..4_u32).prop_map(|(line, units)| Step::Units(line, units)),
            amount.prop_map(Step::Amount),
        ];
        prop::collection::vec(step, 0..12)
    }

    proptest! {
        /// In whatever parts it comes back, all of it does, and never more.
        #[test]
        fn parts_and_the_rest_are_the_whole(uses in uses(), steps in steps()) {
            let (mut uses, points): (Vec<Gave>, Vec<bool>) = uses.into_iter().unzip();
            let whole: Vec<Minor> = uses.iter().map(Gave::whole).collect();
            for step in steps {
                let before = uses.clone();
                match step {
                    Step::Units(line, units) => {
                        let lines = uses.iter_mut().filter_map(|one| one.shares.get_mut(line));
                        for share in lines {
                            share.take_units(units).ok();
                        }
                    }
                    Step::Amount(amount) => {
                        let money = |all: &[Gave], is_points: bool| -> Minor {
                            let all = all.iter().zip(&points);
                            let some = all.filter(|(_, points)| **points == is_points);
                            some.map(|(one, _)| one.back()).sum()
                        };
                        match take_back(&mut uses, &points, amount) {
                            Err(_) => prop_assert_eq!(&uses, &before),
                            Ok(_) => {
                                let came = |is| money(&uses, is) - money(&before, is);
                                prop_assert!(came(false) == amount || came(true) == amount);
                            }
                        }
                    }
                }
                for (now, before) in uses.iter().zip(&before) {
                    let shares = now.shares.iter().zip(&before.shares);
                    for (now, before) in shares {
                        prop_assert!(before.back <= now.back && now.back <= now.amount);
                    }
                    prop_assert!(before.rest_back <= now.rest_back && now.rest_back <= now.rest);
                }
            }
            for (one, whole) in uses.iter_mut().zip(whole) {
                prop_assert_eq!(one.back() + one.left(), whole);
                one.take_all();
                prop_assert_eq!((one.back(), one.left()), (whole, 0));
            }
        }
    }
}
