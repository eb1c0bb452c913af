//! Do programs and indexes answer as the plain meaning does?

use rules::{Answer, Condition, Facts, Index, Lexicon, Op, Program, Term, Value, Verdict};

use crate::generate::{self, Dice};

fn answer(verdict: &Verdict) -> Answer {
    match verdict {
        Verdict::Met => Answer::Yes,
        Verdict::NotMet(_) => Answer::No,
        Verdict::Unknown(_) => Answer::Unknown,
    }
}

/// Facts whose types are not always those the conditions expect.
fn odd_facts(dice: &mut Dice) -> Facts {
    let mut facts = generate::facts(dice);
    let paths: Vec<_> = facts.iter().map(|(path, _)| path.clone()).collect();
    for path in paths {
        if dice.below(8) == 0 {
            let odd: Value = match dice.below(5) {
                0 => 1.into(),
                1 => "gold".into(),
                2 => true.into(),
                3 => Value::number("1.5").unwrap(),
                _ => Value::List(vec!["gold".into(), 1.into(), Value::List(vec![])]),
            };
            facts.set(path, odd);
        }
    }
    facts
}

#[test]
fn fast_path_equals_spec() {
    let mut lexicon = Lexicon::default();
    let conditions: Vec<_> = (0..1_000)
        .map(|seed| generate::condition(&mut Dice::new(seed)))
        .collect();
    let programs: Vec<_> = conditions
        .iter()
        .map(|condition| Program::compile(condition, &mut lexicon))
        .collect();
    for seed in 0..60 {
        let facts = odd_facts(&mut Dice::new(seed));
        let encoded = lexicon.encode(&facts);
        for (condition, program) in conditions.iter().zip(&programs) {
            let plain = answer(&condition.evaluate(&facts));
            assert_eq!(program.run(&encoded), plain, "{condition}\n{facts:?}");
        }
    }
}

#[test]
fn index_equals_spec() {
    for seed in 0..16 {
        let mut dice = Dice::new(seed);
        let conditions: Vec<(u64, Condition)> = (0..dice.below(1_500) as u64)
            .map(|key| (key * 7 % 1_501, one_of_many(&mut dice)))
            .collect();
        let index = Index::build(conditions.iter().cloned());
        let mut met_at_all = 0;
        for _ in 0..25 {
            let facts = match dice.below(2) {
                0 => odd_facts(&mut dice),
                _ => rare_facts(&mut dice),
            };
            let encoded = index.encode(&facts);
            let mut expected: Vec<u64> = conditions
                .iter()
                .filter(|(_, condition)| condition.evaluate(&facts).is_met())
                .map(|(key, _)| *key)
                .collect();
            expected.sort_unstable();
            assert_eq!(index.matches(&encoded), expected);
            assert_eq!(index.scan(&encoded), expected);
            met_at_all += expected.len();
        }
        assert!(met_at_all > 0 || conditions.len() < 20);
    }
}

fn one_of_many(dice: &mut Dice) -> Condition {
    match dice.below(4) {
        0 => generate::condition(dice),
        1 => generate::campaign(dice),
        2 => {
            let both = Condition::all([rare(dice), generate::campaign(dice)]);
            Condition::any([rare(dice), both])
        }
        _ => Condition::all([
            generate::campaign(dice),
            rare(dice),
            generate::campaign(dice),
        ]),
    }
}

const STORES: usize = 120;
const SEGMENTS: usize = 900;

/// A test that few facts meet, so that the condition waits in posting lists.
fn rare(dice: &mut Dice) -> Condition {
    let store = |dice: &mut Dice| format!("store {}", dice.below(STORES));
    match dice.below(7) {
        6 => Condition::AnyLine(Box::new(Condition::test(
            "order.store",
            Op::Equal,
            store(dice),
        ))),
        0 => Condition::test("order.store", Op::Equal, store(dice)),
        5 => {
            let skus: Vec<i64> = (0..9).map(|_| dice.below(300) as i64).collect();
            Condition::test("order.sku", Op::In, skus)
        }
        1 => Condition::test("order.store", Op::In, vec![store(dice), store(dice)]),
        2 => Condition::holds("customer.segments", dice.below(SEGMENTS) as i64),
        3 => Condition::AnyLine(Box::new(Condition::all([
            Condition::test("line.sku", Op::Equal, dice.below(SEGMENTS) as i64),
            Condition::test("line.quantity", Op::AtLeast, 0),
        ]))),
        _ => Condition::Test {
            left: Term::Value((dice.below(STORES) as i64).into()),
            op: Op::Equal,
            right: Term::Fact("order.amount".into()),
        },
    }
}

fn rare_facts(dice: &mut Dice) -> Facts {
    let mut facts = odd_facts(dice);
    facts.set("order.store", format!("store {}", dice.below(STORES)));
    facts.set("order.sku", dice.below(300) as i64);
    facts.set("order.amount", dice.below(STORES) as i64);
    let segments: Vec<i64> = (0..40).map(|_| dice.below(SEGMENTS) as i64).collect();
    facts.set("customer.segments", segments);
    let line = |sku: usize| Facts::from_iter([("line.sku", sku as i64), ("line.quantity", 1)]);
    facts.set_lines(
        (0..dice.below(3) * 10)
            .map(|_| line(dice.below(SEGMENTS)))
            .collect(),
    );
    facts
}

/// Numbers around the cuts of bitmaps, and the outermost.
fn number(dice: &mut Dice, bound: usize) -> i64 {
    match dice.below(5) {
        0 => dice.pick(&[i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]),
        _ => dice.below(bound) as i64,
    }
}

/// A test of one of few facts against one of `bound` constants, of types that fit or not.
fn comparison(dice: &mut Dice, bound: usize) -> Condition {
    let path = dice.pick(&["customer.a", "customer.b", "customer.c"]);
    let op = dice.pick(&[
        Op::Less,
        Op::AtMost,
        Op::More,
        Op::AtLeast,
        Op::Equal,
        Op::NotEqual,
        Op::In,
    ]);
    let value: Value = match (op, dice.below(10)) {
        (_, 0) => format!("text {}", dice.below(bound)).into(),
        (Op::In, 1..8) => vec![number(dice, bound), number(dice, bound)].into(),
        (Op::In, 8) => Value::List(vec![number(dice, bound).into(), Value::Time(0)]),
        (_, 1) => Value::Time(number(dice, bound)),
        _ => number(dice, bound).into(),
    };
    if dice.below(4) > 0 || op == Op::In {
        return Condition::test(path, op, value);
    }
    Condition::Test {
        left: Term::Value(value),
        op,
        right: Term::Fact(path.into()),
    }
}

/// Of a few constants each has a bitmap of its own; of many, neighbours share one.
#[test]
fn bitmaps_equal_spec() {
    for (seed, bound) in [(0, 3), (1, 40), (2, 100), (3, 700)] {
        let mut dice = Dice::new(seed);
        let one = |dice: &mut Dice| {
            let tests: Vec<_> = (0..=dice.below(3))
                .map(|_| comparison(dice, bound))
                .collect();
            match dice.below(2) {
                0 => Condition::all(tests),
                _ => Condition::all([rare(dice)].into_iter().chain(tests)),
            }
        };
        let conditions: Vec<Condition> = (0..3_000).map(|_| one(&mut dice)).collect();
        let index = Index::build((0..).zip(conditions.iter().cloned()));
        for _ in 0..25 {
            let mut facts = rare_facts(&mut dice);
            for path in ["customer.a", "customer.b", "customer.c"] {
                match dice.below(8) {
                    0 => {}
                    1 => facts.set(path, format!("text {}", dice.below(bound))),
                    2 => facts.set(path, Value::Time(number(&mut dice, bound))),
                    3 => facts.set(path, vec![number(&mut dice, bound)]),
                    _ => facts.set(path, number(&mut dice, bound)),
                }
            }
            let is_met = |(_, condition): &(u32, &Condition)| condition.evaluate(&facts).is_met();
            let met = (0..).zip(&conditions).filter(is_met);
            let expected: Vec<u32> = met.map(|(key, _)| key).collect();
            assert!(!expected.is_empty());
            assert_eq!(index.matches(&index.encode(&facts)), expected);
        }
    }
}

#[test]
fn the_later_condition_under_one_key_counts() {
    let index = Index::build([(1, Condition::never()), (1, Condition::Always)]);
    let facts = Facts::default();
    assert_eq!(index.matches(&index.encode(&facts)), [1]);
    assert_eq!(index.condition(1), Some(&Condition::Always));
    assert_eq!(index.verdict(1, &facts), Some(Verdict::Met));
    assert_eq!(index.verdict(2, &facts), None);
}
