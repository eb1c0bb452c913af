//! How is a condition answered in nanoseconds? As flat opcodes over typed slots.
//!
//! The tree is written in preorder; an opcode with parts tells where they end. Rare tests (texts
//! within texts, facts in list facts, what the clock tells) are left as they were and asked of the
//! plain meaning.

use crate::{
    Condition, Encoded, Fold, Fraction, Lexicon, Op, Operator, Term, Value, fraction,
    lexicon::{Frame, Kind, Place, Slot},
    spec,
};

/// The three answers in the order of Kleene: `All` takes the least, `Any` the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    No,
    Unknown,
    Yes,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl Answer {
    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Code {
    Constant(Answer),
    All {
        end: u32,
    },
    Any {
        end: u32,
    },
    Not {
        end: u32,
    },
    AnyLine {
        end: u32,
    },
    EveryLine {
        end: u32,
    },
    Known {
        place: Place,
    },
    /// A fact against a constant.
    Compare {
        kind: Kind,
        op: Op,
        place: Place,
        bits: i64,
    },
    /// A fact in a list of constants of one kind, sorted: `pool.numbers[from..to]`.
    OneOf {
        kind: Kind,
        place: Place,
        list: u32,
    },
    /// A constant in a list fact.
    Holds {
        kind: Kind,
        place: Place,
        bits: i64,
    },
    /// A calculation against another: `pool.terms`.
    Terms {
        op: Op,
        left: u32,
        right: u32,
    },
    /// A test as it was written: `pool.plain`.
    Plain {
        frame: Frame,
        test: u32,
    },
}

#[derive(Clone, Debug)]
enum TermCode {
    Slot(Place),
    Constant(Value),
    Sum {
        left: u32,
        operator: Operator,
        right: u32,
    },
    /// How many lines meet these opcodes.
    Lines(Vec<Code>),
    /// The numbers in this place of the lines that meet these opcodes, as one.
    Folded {
        fold: Fold,
        place: Place,
        codes: Vec<Code>,
    },
}

/// What opcodes point to, shared by the programs over one lexicon.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    lists: Vec<Vec<i64>>,
    terms: Vec<TermCode>,
    plain: Vec<(Term, Op, Term)>,
}

/// One condition, compiled.
#[derive(Clone, Debug)]
pub struct Program {
    codes: Vec<Code>,
    pool: Pool,
}

impl Program {
    /// Compiles a condition; facts must then be encoded with the same lexicon, afterwards.
    #[must_use]
    pub fn compile(condition: &Condition, lexicon: &mut Lexicon) -> Self {
        let (mut codes, mut pool) = (Vec::new(), Pool::default());
        Compiler {
            lexicon,
            pool: &mut pool,
            frame: Frame::Moment,
        }
        .condition(condition, &mut codes);
        Self { codes, pool }
    }

    #[must_use]
    pub fn run(&self, encoded: &Encoded<'_>) -> Answer {
        Run {
            codes: &self.codes,
            pool: &self.pool,
            encoded,
            line: 0,
        }
        .answer(0)
    }
}

pub(crate) struct Compiler<'c> {
    pub(crate) lexicon: &'c mut Lexicon,
    pub(crate) pool: &'c mut Pool,
    pub(crate) frame: Frame,
}

impl Compiler<'_> {
    pub(crate) fn condition(&mut self, condition: &Condition, codes: &mut Vec<Code>) {
        match condition {
            Condition::Always => codes.push(Code::Constant(Answer::Yes)),
            Condition::All(parts) => self.all(parts.iter(), codes),
            Condition::Any(parts) => {
                self.parts(parts.iter(), codes, |end| Code::Any { end });
            }
            Condition::Not(inner) => self.parts([&**inner], codes, |end| Code::Not { end }),
            Condition::AnyLine(inner) => self.lines(inner, codes, |end| Code::AnyLine { end }),
            Condition::EveryLine(inner) => self.lines(inner, codes, |end| Code::EveryLine { end }),
            Condition::Known(path) => {
                let place = self.lexicon.place(path.as_str(), self.frame);
                codes.push(Code::Known { place });
            }
            Condition::Test { left, op, right } => {
                let code = self.test(left, *op, right);
                codes.push(code);
            }
        }
    }

    pub(crate) fn all<'p>(
        &mut self,
        parts: impl IntoIterator<Item = &'p Condition>,
        codes: &mut Vec<Code>,
    ) {
        self.parts(parts, codes, |end| Code::All { end });
    }

    fn parts<'p>(
        &mut self,
        parts: impl IntoIterator<Item = &'p Condition>,
        codes: &mut Vec<Code>,
        with_end: fn(u32) -> Code,
    ) {
        let start = codes.len();
        codes.push(with_end(0));
        for part in parts {
            self.condition(part, codes);
        }
        let end = u32::try_from(codes.len()).unwrap_or(u32::MAX);
        if let Some(head) = codes.get_mut(start) {
            *head = with_end(end);
        }
    }

    fn lines(&mut self, inner: &Condition, codes: &mut Vec<Code>, with_end: fn(u32) -> Code) {
        let outer = std::mem::replace(&mut self.frame, Frame::Line);
        self.parts([inner], codes, with_end);
        self.frame = outer;
    }

    fn test(&mut self, left: &Term, op: Op, right: &Term) -> Code {
        let typed = match (left, op, right) {
            (Term::Fact(path), Op::In, Term::Value(Value::List(items))) => {
                self.one_of(path.as_str(), items)
            }
            (Term::Value(value), Op::In, Term::Fact(path)) => {
                self.lexicon.constant(value).map(|Slot { kind, bits }| {
                    let place = self.lexicon.place(path.as_str(), self.frame);
                    Code::Holds { kind, place, bits }
                })
            }
            (_, Op::In | Op::StartsWith | Op::EndsWith | Op::Contains, _) => None,
            (Term::Fact(path), op, Term::Value(value)) => self.compare(path.as_str(), op, value),
            (Term::Value(value), op, Term::Fact(path)) => {
                self.compare(path.as_str(), op.mirrored(), value)
            }
            _ => self.terms(left, op, right),
        };
        typed.unwrap_or_else(|| {
            self.pool.plain.push((left.clone(), op, right.clone()));
            Code::Plain {
                frame: self.frame,
                test: last(&self.pool.plain),
            }
        })
    }

    fn one_of(&mut self, path: &str, items: &[Value]) -> Option<Code> {
        let slots: Option<Vec<Slot>> = items
            .iter()
            .map(|item| self.lexicon.constant(item))
            .collect();
        let slots = slots?;
        let kind = slots.first().map_or(Kind::Missing, |slot| slot.kind);
        if slots.iter().any(|slot| slot.kind != kind) {
            return None;
        }
        let mut numbers: Vec<i64> = slots.iter().map(|slot| slot.bits).collect();
        numbers.sort_unstable();
        self.pool.lists.push(numbers);
        let place = self.lexicon.place(path, self.frame);
        Some(Code::OneOf {
            kind,
            place,
            list: last(&self.pool.lists),
        })
    }

    fn compare(&mut self, path: &str, op: Op, value: &Value) -> Option<Code> {
        let Slot { kind, bits } = self.lexicon.constant(value)?;
        let place = self.lexicon.place(path, self.frame);
        Some(Code::Compare {
            kind,
            op,
            place,
            bits,
        })
    }

    /// `None` when a side holds a text, which has no number outside its slot, or asks for more than
    /// numbers in slots.
    fn terms(&mut self, left: &Term, op: Op, right: &Term) -> Option<Code> {
        if matches!((left, right), (Term::Fact(_), Term::Fact(_))) {
            return None;
        }
        let (left, right) = (self.term(left)?, self.term(right)?);
        Some(Code::Terms { op, left, right })
    }

    fn term(&mut self, term: &Term) -> Option<u32> {
        let code = match term {
            Term::Value(Value::Text(_) | Value::List(_)) => return None,
            Term::Size(_) | Term::Told { .. } => return None,
            Term::Value(value) => TermCode::Constant(value.clone()),
            Term::Fact(path) => TermCode::Slot(self.lexicon.place(path.as_str(), self.frame)),
            Term::Sum {
                left,
                operator,
                right,
            } => {
                let (left, right) = (self.term(left)?, self.term(right)?);
                TermCode::Sum {
                    left,
                    operator: *operator,
                    right,
                }
            }
            Term::Lines(inner) => TermCode::Lines(self.of_lines(inner)),
            Term::Folded { fold, path, lines } => TermCode::Folded {
                fold: *fold,
                place: self.lexicon.place(path.as_str(), Frame::Line),
                codes: self.of_lines(lines),
            },
        };
        self.pool.terms.push(code);
        Some(last(&self.pool.terms))
    }
}

impl Compiler<'_> {
    fn of_lines(&mut self, condition: &Condition) -> Vec<Code> {
        let mut codes = Vec::new();
        let outer = std::mem::replace(&mut self.frame, Frame::Line);
        self.condition(condition, &mut codes);
        self.frame = outer;
        codes
    }
}

/// The number of the last of a pool.
fn last<T>(pool: &[T]) -> u32 {
    u32::try_from(pool.len())
        .unwrap_or(u32::MAX)
        .saturating_sub(1)
}

/// Opcodes on their way through one set of facts.
#[derive(Clone, Copy)]
pub(crate) struct Run<'r> {
    pub(crate) codes: &'r [Code],
    pub(crate) pool: &'r Pool,
    pub(crate) encoded: &'r Encoded<'r>,
    pub(crate) line: usize,
}

impl Run<'_> {
    /// Whether the answer is yes; stops earlier than [`Run::answer`] on an unknown part.
    #[inline]
    pub(crate) fn is_met(self, at: usize) -> bool {
        let Some(Code::All { end }) = self.codes.get(at) else {
            return self.answer(at) == Answer::Yes;
        };
        let mut part = at + 1;
        while part < *end as usize {
            if self.answer(part) != Answer::Yes {
                return false;
            }
            part = self.after(part);
        }
        true
    }

    pub(crate) fn answer(self, at: usize) -> Answer {
        let Some(code) = self.codes.get(at) else {
            return Answer::Unknown;
        };
        match *code {
            Code::Constant(answer) => answer,
            Code::Compare {
                kind,
                op,
                place,
                bits,
            } => compare(self.encoded.slot(place, self.line), op, Slot { kind, bits }),
            Code::OneOf { kind, place, list } => self.one_of(kind, place, list),
            Code::Holds { kind, place, bits } => self.holds(place, Slot { kind, bits }),
            Code::All { end } => self.least(at + 1, end as usize),
            Code::Any { end } => self.greatest(at + 1, end as usize),
            Code::Not { .. } => self.answer(at + 1).not(),
            Code::Known { place } => {
                Answer::from(self.encoded.slot(place, self.line).kind != Kind::Missing)
            }
            Code::Terms { op, left, right } => match (self.term(left), self.term(right)) {
                (Some(a), Some(b)) => compare(a, op, b),
                _ => Answer::Unknown,
            },
            Code::AnyLine { .. } => {
                self.over_lines(Answer::No, |all, line| all.max(line.answer(at + 1)))
            }
            Code::EveryLine { .. } => {
                self.over_lines(Answer::Yes, |all, line| all.min(line.answer(at + 1)))
            }
            Code::Plain { frame, test } => self.plain(frame, test),
        }
    }

    /// Where the opcode after this one and its parts stands.
    fn after(self, at: usize) -> usize {
        match self.codes.get(at) {
            Some(
                Code::All { end }
                | Code::Any { end }
                | Code::Not { end }
                | Code::AnyLine { end }
                | Code::EveryLine { end },
            ) => *end as usize,
            _ => at + 1,
        }
    }

    fn least(self, mut part: usize, end: usize) -> Answer {
        let mut answer = Answer::Yes;
        while part < end && answer != Answer::No {
            answer = answer.min(self.answer(part));
            part = self.after(part);
        }
        answer
    }

    fn greatest(self, mut part: usize, end: usize) -> Answer {
        let mut answer = Answer::No;
        while part < end && answer != Answer::Yes {
            answer = answer.max(self.answer(part));
            part = self.after(part);
        }
        answer
    }

    fn over_lines(self, start: Answer, fold: impl Fn(Answer, Self) -> Answer) -> Answer {
        if !self.encoded.facts.knows_lines() {
            return Answer::Unknown;
        }
        let lines = 0..self.encoded.facts.lines().len();
        lines.fold(start, |answer, line| fold(answer, Self { line, ..self }))
    }

    fn one_of(self, kind: Kind, place: Place, list: u32) -> Answer {
        let slot = self.encoded.slot(place, self.line);
        if matches!(slot.kind, Kind::Missing | Kind::List) {
            return Answer::Unknown;
        }
        let numbers = self
            .pool
            .lists
            .get(list as usize)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let found = slot.kind == kind && numbers.binary_search(&slot.bits).is_ok();
        Answer::from(found)
    }

    fn holds(self, place: Place, item: Slot) -> Answer {
        let slot = self.encoded.slot(place, self.line);
        match slot.kind {
            Kind::List => Answer::from(self.encoded.items(slot).contains(&item)),
            _ => Answer::Unknown,
        }
    }

    /// A number or truth value; a text only for its kind, which then fits nothing.
    fn term(self, term: u32) -> Option<Slot> {
        match self.pool.terms.get(term as usize)? {
            TermCode::Slot(place) => Some(self.encoded.slot(*place, self.line)),
            TermCode::Constant(value) => slot(value),
            TermCode::Sum {
                left,
                operator,
                right,
            } => {
                let (a, b) = (value(self.term(*left)?)?, value(self.term(*right)?)?);
                slot(&spec::calculate(&a, *operator, &b)?)
            }
            TermCode::Lines(codes) => int(self.count(codes)?),
            TermCode::Folded { fold, place, codes } => int(self.folded(*fold, *place, codes)?),
        }
    }

    fn count(self, codes: &[Code]) -> Option<i64> {
        self.lines_met(codes, 0, |met, _| Some(met + 1))
    }

    fn folded(self, fold: Fold, place: Place, codes: &[Code]) -> Option<i64> {
        self.lines_met(codes, fold.start(), |so_far, line| {
            let slot = self.encoded.slot(place, line);
            let number = (slot.kind == Kind::Int).then_some(slot.bits)?;
            Some(Some(fold.add(so_far, number)?))
        })?
    }

    /// Goes through the lines that meet these opcodes; nothing where one leaves it open.
    fn lines_met<T>(
        self,
        codes: &[Code],
        start: T,
        add: impl Fn(T, usize) -> Option<T>,
    ) -> Option<T> {
        if !self.encoded.facts.knows_lines() {
            return None;
        }
        let lines = 0..self.encoded.facts.lines().len();
        lines.into_iter().try_fold(start, |so_far, line| {
            let run = Run {
                codes,
                line,
                ..self
            };
            match run.answer(0) {
                Answer::Yes => add(so_far, line),
                Answer::No => Some(so_far),
                Answer::Unknown => None,
            }
        })
    }

    fn plain(self, frame: Frame, test: u32) -> Answer {
        let facts = self.encoded.facts;
        let line = facts
            .lines()
            .get(self.line)
            .filter(|_| frame == Frame::Line);
        let answer = self
            .pool
            .plain
            .get(test as usize)
            .and_then(|(left, op, right)| spec::test((left, *op, right), facts, line));
        answer.map_or(Answer::Unknown, Answer::from)
    }
}

#[inline]
fn compare(fact: Slot, op: Op, constant: Slot) -> Answer {
    let ordered = matches!(fact.kind, Kind::Int | Kind::Time | Kind::Duration);
    let equality = matches!(op, Op::Equal | Op::NotEqual);
    let comparable = ordered || equality && matches!(fact.kind, Kind::Bool | Kind::Text);
    if fact.kind == Kind::Fraction || constant.kind == Kind::Fraction {
        return compare_fractions(fact, op, constant);
    }
    if fact.kind != constant.kind || !comparable {
        return Answer::Unknown;
    }
    let (a, b) = (fact.bits, constant.bits);
    match op {
        Op::Equal => Answer::from(a == b),
        Op::NotEqual => Answer::from(a != b),
        Op::Less => Answer::from(a < b),
        Op::AtMost => Answer::from(a <= b),
        Op::More => Answer::from(a > b),
        Op::AtLeast => Answer::from(a >= b),
        Op::In | Op::StartsWith | Op::EndsWith | Op::Contains => Answer::Unknown,
    }
}

/// Two numbers of which one is not whole.
#[cold]
fn compare_fractions(fact: Slot, op: Op, constant: Slot) -> Answer {
    let order = value(fact).zip(value(constant));
    let order = order.and_then(|(a, b)| fraction::order(&a, &b));
    order.map_or(Answer::Unknown, |order| match op {
        Op::Equal => Answer::from(order.is_eq()),
        Op::NotEqual => Answer::from(order.is_ne()),
        Op::Less => Answer::from(order.is_lt()),
        Op::AtMost => Answer::from(order.is_le()),
        Op::More => Answer::from(order.is_gt()),
        Op::AtLeast => Answer::from(order.is_ge()),
        Op::In | Op::StartsWith | Op::EndsWith | Op::Contains => Answer::Unknown,
    })
}

fn int(bits: i64) -> Option<Slot> {
    let kind = Kind::Int;
    Some(Slot { kind, bits })
}

fn slot(value: &Value) -> Option<Slot> {
    let (kind, bits) = match value {
        Value::Bool(value) => (Kind::Bool, i64::from(*value)),
        Value::Int(value) => (Kind::Int, *value),
        Value::Time(value) => (Kind::Time, *value),
        Value::Duration(value) => (Kind::Duration, *value),
        Value::Fraction(value) => (Kind::Fraction, value.bits()),
        Value::Text(_) | Value::List(_) => return None,
    };
    Some(Slot { kind, bits })
}

fn value(slot: Slot) -> Option<Value> {
    match slot.kind {
        Kind::Int => Some(Value::Int(slot.bits)),
        Kind::Time => Some(Value::Time(slot.bits)),
        Kind::Duration => Some(Value::Duration(slot.bits)),
        Kind::Fraction => Some(Value::Fraction(Fraction::of_bits(slot.bits))),
        Kind::Missing | Kind::Bool | Kind::Text | Kind::List => None,
    }
}
