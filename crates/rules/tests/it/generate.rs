//! Conditions and facts of every kind, from a seed.

use rules::{Condition, Facts, Fold, Op, Operator, Path, Term, Value};

/// A small generator (SplitMix64; Steele, Lea and Flood 2014), so that a seed is a case.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

pub const BOOLS: [&str; 2] = ["customer.vip", "order.first"];
pub const INTS: [&str; 3] = ["order.amount", "customer.orders", "customer.metadata.size"];
/// Numbers that may be whole or not.
pub const NUMBERS: [&str; 2] = ["customer.metadata.score", "order.weight"];
pub const TEXTS: [&str; 4] = [
    "customer.tier",
    "customer.country",
    "order.store",
    "customer.trait.colour",
];
pub const TIMES: [&str; 2] = ["customer.last_order_at", "order.at"];
pub const DURATIONS: [&str; 1] = ["customer.age"];
pub const TEXT_LISTS: [&str; 2] = ["customer.segments", "customer.categories"];
pub const INT_LISTS: [&str; 1] = ["customer.sizes"];
const LINE_BOOLS: [&str; 1] = ["line.discounted"];
const LINE_INTS: [&str; 2] = ["line.quantity", "line.price"];
const LINE_NUMBERS: [&str; 1] = ["line.weight"];
const LINE_TEXTS: [&str; 2] = ["line.category", "line.sku"];
const WORDS: [&str; 7] = ["gold", "golden", "go", "SE", "", "å\"n\n", "shoes"];

fn int(dice: &mut Dice) -> i64 {
    match dice.below(12) {
        0 => dice.pick(&[i64::MAX, i64::MIN, 0]),
        _ => dice.below(9) as i64 - 3,
    }
}

/// Of the numbers that are not whole, those near to small ones that are.
fn number_of(dice: &mut Dice) -> Value {
    match dice.below(3) {
        0 => Value::Int(int(dice)),
        _ => {
            let texts = [
                "-2.5",
                "-0.5",
                "0.1",
                "0.30000000000000004",
                "1.5",
                "2.25",
                "2.5",
            ];
            Value::number(dice.pick(&texts)).unwrap()
        }
    }
}

fn text(dice: &mut Dice) -> Value {
    dice.pick(&WORDS).into()
}

fn time(dice: &mut Dice) -> Value {
    Value::Time(1_767_225_600_000 + dice.below(5) as i64 * 3_600_500)
}

fn duration(dice: &mut Dice) -> Value {
    Value::Duration(dice.below(5) as i64 * 3_600_500 - 3_600_500)
}

#[derive(Clone, Copy, PartialEq)]
enum Frame {
    Moment,
    Line,
}

/// A condition as `parse` makes them, up to four levels deep.
pub fn condition(dice: &mut Dice) -> Condition {
    of_depth(dice, 4, Frame::Moment)
}

/// Conditions like those of campaigns: conjunctions over facts of few values.
pub fn campaign(dice: &mut Dice) -> Condition {
    let parts = 1 + dice.below(4);
    Condition::all(
        (0..parts)
            .map(|_| of_depth(dice, 1, Frame::Moment))
            .collect::<Vec<_>>(),
    )
}

fn of_depth(dice: &mut Dice, depth: usize, frame: Frame) -> Condition {
    if depth == 0 {
        return leaf(dice, frame);
    }
    match dice.below(12) {
        0..=2 => several(dice, depth, frame, Condition::all),
        3..=5 => several(dice, depth, frame, Condition::any),
        6 => Condition::Not(Box::new(of_depth(dice, depth - 1, frame))),
        7 if frame == Frame::Moment => {
            Condition::AnyLine(Box::new(of_depth(dice, depth - 1, Frame::Line)))
        }
        8 if frame == Frame::Moment => {
            Condition::EveryLine(Box::new(of_depth(dice, depth - 1, Frame::Line)))
        }
        9 if frame == Frame::Moment => Condition::Test {
            left: lines(dice, depth),
            op: order(dice),
            right: Term::Value(Value::Int(dice.below(3) as i64)),
        },
        _ => leaf(dice, frame),
    }
}

fn several(
    dice: &mut Dice,
    depth: usize,
    frame: Frame,
    join: fn(Vec<Condition>) -> Condition,
) -> Condition {
    let parts = 2 + dice.below(2);
    join(
        (0..parts)
            .map(|_| of_depth(dice, depth - 1, frame))
            .collect(),
    )
}

fn lines(dice: &mut Dice, depth: usize) -> Term {
    let lines = Box::new(of_depth(dice, depth - 1, Frame::Line));
    let path = dice.pick(&LINE_INTS).into();
    match dice.below(6) {
        0 => folded(Fold::Sum, path, lines),
        1 => folded(Fold::Least, path, lines),
        2 => folded(Fold::Greatest, path, Box::new(Condition::Always)),
        _ => Term::Lines(lines),
    }
}

fn folded(fold: Fold, path: Path, lines: Box<Condition>) -> Term {
    Term::Folded { fold, path, lines }
}

fn order(dice: &mut Dice) -> Op {
    dice.pick(&[
        Op::Equal,
        Op::NotEqual,
        Op::Less,
        Op::AtMost,
        Op::More,
        Op::AtLeast,
    ])
}

fn either(dice: &mut Dice, frame: Frame, of_line: &[&str], of_moment: &[&str]) -> Path {
    let from = if frame == Frame::Line && dice.below(3) > 0 {
        of_line
    } else {
        of_moment
    };
    dice.pick(from).into()
}

fn leaf(dice: &mut Dice, frame: Frame) -> Condition {
    let int_path = either(dice, frame, &LINE_INTS, &INTS);
    let text_path = either(dice, frame, &LINE_TEXTS, &TEXTS);
    let number_path = either(dice, frame, &LINE_NUMBERS, &NUMBERS);
    match dice.below(19) {
        0 => match dice.below(4) {
            0 => Condition::Always,
            1 => Condition::never(),
            _ => Condition::Known(text_path),
        },
        1 => {
            let op = dice.pick(&[Op::Equal, Op::NotEqual]);
            Condition::test(
                either(dice, frame, &LINE_BOOLS, &BOOLS),
                op,
                dice.below(2) == 0,
            )
        }
        2 | 3 => Condition::test(int_path, order(dice), int(dice)),
        4 | 5 => {
            let op = dice.pick(&[Op::Equal, Op::Equal, Op::NotEqual]);
            Condition::test(text_path, op, text(dice))
        }
        6 => {
            let items: Vec<Value> = (0..dice.below(4)).map(|_| text(dice)).collect();
            Condition::test(text_path, Op::In, items)
        }
        7 => {
            let items: Vec<i64> = (0..dice.below(4)).map(|_| int(dice)).collect();
            Condition::test(int_path, Op::In, items)
        }
        8 => Condition::holds(dice.pick(&TEXT_LISTS), text(dice)),
        9 => Condition::holds(dice.pick(&INT_LISTS), int(dice)),
        10 => {
            let op = dice.pick(&[Op::StartsWith, Op::EndsWith, Op::Contains]);
            Condition::test(text_path, op, text(dice))
        }
        11..=13 => of_time(dice),
        14 => Condition::Test {
            left: number(dice, frame, 2),
            op: order(dice),
            right: number(dice, frame, 1),
        },
        15 | 16 => Condition::test(number_path, order(dice), number_of(dice)),
        17 => {
            let items: Vec<Value> = (0..dice.below(4)).map(|_| number_of(dice)).collect();
            Condition::test(number_path, Op::In, items)
        }
        _ => between_facts(dice, frame),
    }
}

fn of_time(dice: &mut Dice) -> Condition {
    match dice.below(3) {
        0 => Condition::test(dice.pick(&TIMES), order(dice), time(dice)),
        1 => Condition::Test {
            left: sum(
                Term::Fact(dice.pick(&TIMES).into()),
                Operator::Minus,
                Term::Fact(dice.pick(&TIMES).into()),
            ),
            op: order(dice),
            right: Term::Value(duration(dice)),
        },
        _ => Condition::Test {
            left: sum(
                Term::Fact(dice.pick(&DURATIONS).into()),
                dice_plus(dice),
                Term::Value(duration(dice)),
            ),
            op: order(dice),
            right: Term::Fact(dice.pick(&DURATIONS).into()),
        },
    }
}

fn between_facts(dice: &mut Dice, frame: Frame) -> Condition {
    let fact = |path: Path| Term::Fact(path);
    let left = either(dice, frame, &LINE_TEXTS, &TEXTS);
    let right = either(dice, frame, &LINE_TEXTS, &TEXTS);
    match dice.below(5) {
        4 => Condition::Test {
            left: fact(either(dice, frame, &LINE_NUMBERS, &NUMBERS)),
            op: order(dice),
            right: fact(either(dice, frame, &LINE_INTS, &NUMBERS)),
        },
        3 => Condition::Test {
            left: Term::Size(dice.pick(&TEXT_LISTS).into()),
            op: order(dice),
            right: Term::Value(Value::Int(dice.below(4) as i64)),
        },
        0 => Condition::Test {
            left: fact(left),
            op: dice.pick(&[Op::Equal, Op::NotEqual, Op::StartsWith, Op::Contains]),
            right: fact(right),
        },
        1 => Condition::Test {
            left: fact(left),
            op: Op::In,
            right: fact(dice.pick(&TEXT_LISTS).into()),
        },
        _ => Condition::Test {
            left: fact(either(dice, frame, &LINE_INTS, &INTS)),
            op: Op::In,
            right: fact(INT_LISTS[0].into()),
        },
    }
}

fn dice_plus(dice: &mut Dice) -> Operator {
    dice.pick(&[Operator::Plus, Operator::Minus])
}

/// A calculation that reads a fact on its left.
fn number(dice: &mut Dice, frame: Frame, depth: usize) -> Term {
    let fact = Term::Fact(either(dice, frame, &LINE_INTS, &INTS));
    if depth == 0 {
        return fact;
    }
    let operators = [
        Operator::Plus,
        Operator::Minus,
        Operator::Times,
        Operator::Over,
        Operator::Modulo,
    ];
    let right = match dice.below(2) {
        0 => number(dice, frame, depth - 1),
        _ => Term::Value(Value::Int(int(dice))),
    };
    sum(fact, dice.pick(&operators), right)
}

fn sum(left: Term, operator: Operator, right: Term) -> Term {
    Term::Sum {
        left: Box::new(left),
        operator,
        right: Box::new(right),
    }
}

/// Facts of the declared types, each known three times out of four.
pub fn facts(dice: &mut Dice) -> Facts {
    let mut facts = Facts::default();
    fill(dice, &mut facts, (&BOOLS, &INTS, &TEXTS));
    for path in NUMBERS {
        known(dice, &mut facts, path, number_of);
    }
    for path in TIMES {
        known(dice, &mut facts, path, time);
    }
    for path in DURATIONS {
        known(dice, &mut facts, path, duration);
    }
    for path in TEXT_LISTS {
        known(dice, &mut facts, path, |dice| {
            Value::List((0..dice.below(4)).map(|_| text(dice)).collect())
        });
    }
    for path in INT_LISTS {
        known(dice, &mut facts, path, |dice| {
            Value::List((0..dice.below(4)).map(|_| int(dice).into()).collect())
        });
    }
    if dice.below(8) > 0 {
        facts.set_lines((0..dice.below(4)).map(|_| line(dice)).collect());
    }
    facts
}

fn line(dice: &mut Dice) -> Facts {
    let mut line = Facts::default();
    fill(dice, &mut line, (&LINE_BOOLS, &LINE_INTS, &LINE_TEXTS));
    for path in LINE_NUMBERS {
        known(dice, &mut line, path, number_of);
    }
    line
}

fn fill(dice: &mut Dice, facts: &mut Facts, (bools, ints, texts): (&[&str], &[&str], &[&str])) {
    for path in bools {
        known(dice, facts, path, |dice| (dice.below(2) == 0).into());
    }
    for path in ints {
        known(dice, facts, path, |dice| int(dice).into());
    }
    for path in texts {
        known(dice, facts, path, |dice| match dice.below(6) {
            0 => "a text that no condition knows".into(),
            _ => text(dice),
        });
    }
}

fn known(dice: &mut Dice, facts: &mut Facts, path: &str, value: impl Fn(&mut Dice) -> Value) {
    let value = value(dice);
    if dice.below(6) > 0 {
        facts.set(path, value);
    }
}
