//! Is the statement the one of the reference?
//! Source: pnl/result.json; moments per arm computed from customers.csv in exact fractions, in
//! cents, window and after together. The contact cost stands in the line of shipping.
use crate::{design, moments, same, same_p};
use measurement::{Arm, ArmOutcome, Effect, Line, Moments, Posted, Unready, statement};

fn held() -> ArmOutcome {
    ArmOutcome {
        arm: Arm::Holdout,
        profit: moments((4009, 929.2100159640809, 5566786001.023935)),
        revenue: moments((4009, 2586.7777500623597, 43592409778.9753)),
        goods: moments((4009, 1559.2701795959092, 16026134053.53247)),
        shipping: moments((4009, 0.0, 0.0)),
        fees: moments((4009, 98.29755450236966, 62947439.72084034)),
        discount: moments((4009, 0.0, 0.0)),
        bought: moments((4009, 0.11000249438762784, 392.48889997505614)),
    }
}

fn treated() -> ArmOutcome {
    ArmOutcome {
        arm: Arm::Treatment(1),
        profit: moments((15991, 905.3727214057908, 20247155521.40704)),
        revenue: moments((15991, 2698.0895503720844, 174675654341.76385)),
        goods: moments((15991, 1625.03188981302, 64341267875.43029)),
        shipping: moments((15991, 4.0, 0.0)),
        fees: moments((15991, 100.1116166593709, 242994411.86885414)),
        discount: moments((15991, 63.57332249390282, 409438415.7793759)),
        bought: moments((15991, 0.16084047276593083, 2158.318304046026)),
    }
}

fn books() -> Posted {
    Posted {
        attributed: 6_777_318,
        goods: 8_583_775,
        shipping: 10_288,
        fees: 504_443,
        discount: 1_016_601,
        breakage: 0,
        liability: 0,
        redemptions: 2572,
    }
}

/// A fifth held out, the rest treated.
fn fifth() -> measurement::Design {
    design(200_000, &[(Arm::Treatment(1), 1_000_000)])
}

#[test]
fn the_profit_has_the_interval_of_the_reference() {
    let increment = statement(&fifth(), &books(), &[held(), treated()])
        .incremental
        .unwrap();
    assert_eq!((increment.treated, increment.held_out), (15991, 4009));
    let Effect {
        estimate,
        standard_error,
        low,
        high,
        p,
    } = increment.profit;
    same(estimate, 100.0 * -3811.821772816168);
    same(standard_error, 100.0 * 15991.0 * 0.20630913887804508);
    same(low, 100.0 * -10279.229172154473);
    same(high, 100.0 * 2655.585626522138);
    same_p(p, 0.24796621288570478);
}

#[test]
fn lines_are_those_of_the_reference_and_add_up() {
    let increment = statement(&fifth(), &books(), &[held(), treated()])
        .incremental
        .unwrap();
    let discount = increment.discount.total;
    same(discount, 1_016_601.0);
    same(
        increment.revenue.estimate - discount,
        100.0 * 7633.859987528059,
    );
    same(increment.buyers.total, 812.9501122474431);
    same(increment.subsidised_share.unwrap(), 0.6839229734652243);
    assert_eq!(
        increment.shipping,
        Line {
            total: 63_964.0,
            interval: None
        }
    );
    let costs = [
        increment.goods,
        increment.shipping,
        increment.fees,
        increment.discount,
    ];
    let costs: f64 = costs.iter().map(|line| line.total).sum();
    same(
        increment.revenue.estimate - costs,
        increment.profit.estimate,
    );
    same(
        increment.cost_of_holdout.estimate,
        100.0 * -0.2383729455829009 * 4009.0,
    );
}

#[test]
fn attributed_is_seven_times_what_the_offer_caused() {
    let statement = statement(&fifth(), &books(), &[held(), treated()]);
    let Posted {
        attributed,
        discount,
        ..
    } = statement.posted;
    let increment = statement.incremental.unwrap();
    let caused = increment.revenue.estimate - increment.discount.total;
    // The reference compares both net of discount.
    same(caused / (attributed - discount) as f64, 0.1325157959942844);
}

#[test]
fn the_books_are_shown_even_where_nothing_can_be_compared() {
    let check = |arms: &[ArmOutcome], expected: Unready| {
        let statement = statement(&fifth(), &books(), arms);
        assert_eq!(statement.posted, books());
        assert_eq!(statement.incremental, Err(expected));
    };
    check(&[], Unready::ArmMissing(Arm::Holdout));
    check(&[held()], Unready::ArmMissing(Arm::Treatment(1)));
    let few = ArmOutcome {
        profit: Moments {
            n: 1,
            ..treated().profit
        },
        ..treated()
    };
    let one = ArmOutcome {
        profit: Moments {
            n: 1,
            ..held().profit
        },
        ..held()
    };
    check(&[one, few], Unready::TooFew { n: 1, needed: 2 });
    let lost = ArmOutcome {
        profit: Moments {
            n: 9000,
            ..treated().profit
        },
        ..treated()
    };
    let statement = statement(&fifth(), &books(), &[held(), lost]);
    assert!(matches!(
        statement.incremental,
        Err(Unready::SampleRatioMismatch { .. })
    ));
}

#[test]
fn all_treatments_are_treated() {
    let split = [(Arm::Control, 500_000), (Arm::Treatment(1), 500_000)];
    let whole = treated().profit;
    let half = |n, arm| ArmOutcome {
        arm,
        profit: Moments { n, ..whole },
        ..treated()
    };
    let arms = [
        held(),
        half(7996, Arm::Control),
        half(7995, Arm::Treatment(1)),
    ];
    let increment = statement(&design(200_000, &split), &books(), &arms)
        .incremental
        .unwrap();
    assert_eq!(
        (increment.treated, increment.against),
        (15991, Arm::Holdout)
    );
    same(increment.profit.estimate, 100.0 * -3811.821772816168);
}

#[test]
fn without_redemptions_no_share_of_them_is_subsidised() {
    let books = Posted {
        redemptions: 0,
        ..books()
    };
    let increment = statement(&fifth(), &books, &[held(), treated()])
        .incremental
        .unwrap();
    assert_eq!(increment.subsidised_share, None);
}
