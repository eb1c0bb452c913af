//! Which of many conditions do these facts not rule out?
//!
//! For each value that tests name at a place there is a bitmap of the conditions it does not
//! rule out; the bitmaps of all places are intersected word by word. (Bitmap indexes: O'Neil and
//! Quass 1997.) A test that the bitmaps answer in full need not be run.

use crate::{
    Condition, Encoded, Fraction, Lexicon, Op, Term, Value,
    lexicon::{Frame, Kind, Place, QuickMap, Slot},
};

/// Places with bitmaps; tests at further ones are left to the programs.
const MAX_MASKS: usize = 16;
/// Bitmaps for the values at one place; of more values, neighbours share one.
const MAX_VALUES: usize = 256;
/// Bitmaps for the thresholds at one place, in one direction.
const CUTS: usize = 64;
/// Bytes that the bitmaps may take for each condition, and however few there are.
const ROOM: usize = 64;
const LEAST_ROOM: usize = 1 << 16;

/// What is left to ask of a condition.
#[derive(Debug)]
pub(crate) struct Residue<'c> {
    pub(crate) position: u32,
    /// All must be met.
    pub(crate) parts: Vec<&'c Condition>,
    /// Its numbers in the bitmaps: one for each list in which it waits.
    pub(crate) numbers: Vec<u32>,
}

/// Tests that one set of bitmaps tells about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Subject {
    place: Place,
    kind: Kind,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    /// Met by the constants themselves.
    Values,
    /// Met from the constant up.
    From,
    /// Met only below the constant, which is not the least number.
    Below,
}

/// One test of one residue.
#[derive(Debug)]
struct Filter {
    residue: usize,
    part: usize,
    constants: Vec<i64>,
}

/// The bitmaps of one subject.
#[derive(Clone, Debug)]
struct Mask {
    subject: Subject,
    /// The bitmap of each value, for [`Shape::Values`].
    values: QuickMap<i64, u32>,
    /// Ascending; bitmap `i + 1` is for facts that reach `i` cuts.
    cuts: Vec<i64>,
    /// Whether no two constants share a bitmap, so that the tests need not be run.
    exact: bool,
    /// Bitmap 0 holds the conditions without such a test here.
    bitmaps: Vec<u64>,
}

/// Bitmaps over numbers from 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masks {
    words: usize,
    masks: Vec<Mask>,
}

/// The bitmaps that one set of facts chooses.
pub(crate) struct Rows<'m> {
    rows: [&'m [u64]; MAX_MASKS],
    count: usize,
}

impl Masks {
    /// Takes from the residues the parts that the bitmaps answer; `count` is one more than their
    /// highest number.
    pub(crate) fn build(residues: &mut [Residue<'_>], count: usize, lexicon: &mut Lexicon) -> Self {
        let words = count.div_ceil(64);
        let mut room = (LEAST_ROOM + ROOM * residues.len()) / (8 * words.max(1));
        let (mut masks, mut told) = (Vec::new(), Vec::new());
        for (subject, filters) in by_subject(residues, lexicon) {
            if masks.len() == MAX_MASKS {
                break;
            }
            let Some(mut mask) = Mask::empty((subject, &filters), room, words) else {
                continue;
            };
            for filter in &filters {
                let residue = residues.get(filter.residue);
                let numbers = residue.map(|residue| &*residue.numbers);
                mask.take(filter, numbers.unwrap_or_default(), words);
            }
            mask.admit_others(words);
            room = room.saturating_sub(mask.bitmaps.len() / words.max(1));
            if mask.exact {
                told.extend(filters.iter().map(|filter| (filter.residue, filter.part)));
            }
            masks.push(mask);
        }
        // From the last part on, so that those before keep their place.
        told.sort_unstable();
        for (residue, part) in told.into_iter().rev() {
            if let Some(residue) = residues.get_mut(residue) {
                residue.parts.remove(part);
            }
        }
        Self { words, masks }
    }

    /// Chooses by the facts, once for all numbers.
    pub(crate) fn rows(&self, encoded: &Encoded<'_>) -> Rows<'_> {
        let mut rows: [&[u64]; MAX_MASKS] = [&[]; MAX_MASKS];
        for (row, mask) in rows.iter_mut().zip(&self.masks) {
            let from = mask.chosen(encoded.slot(mask.subject.place, 0)) * self.words;
            *row = mask
                .bitmaps
                .get(from..from + self.words)
                .unwrap_or_default();
        }
        Rows {
            rows,
            count: self.masks.len(),
        }
    }
}

impl Rows<'_> {
    /// Calls with each number of the stretch that is not ruled out, ascending.
    #[inline]
    pub(crate) fn each(&self, (from, to): (u32, u32), mut found: impl FnMut(usize)) {
        let (from, to) = (from as usize, to as usize);
        let rows = self.rows.get(..self.count).unwrap_or_default();
        for word in from / 64..to.div_ceil(64) {
            let mut left = u64::MAX << from.saturating_sub(word * 64);
            let after = (word * 64 + 64).saturating_sub(to);
            left &= u64::MAX >> after;
            for row in rows {
                left &= row.get(word).copied().unwrap_or_default();
            }
            while left != 0 {
                found(word * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
}

/// The filters of all residues, those of the most tested subjects first.
fn by_subject(residues: &[Residue<'_>], lexicon: &mut Lexicon) -> Vec<(Subject, Vec<Filter>)> {
    let mut order: QuickMap<Subject, usize> = QuickMap::default();
    let mut groups: Vec<(Subject, Vec<Filter>)> = Vec::new();
    for (number, residue) in residues.iter().enumerate() {
        for (part, condition) in residue.parts.iter().enumerate() {
            let Some((subject, constants)) = filter(condition, lexicon) else {
                continue;
            };
            let at = *order.entry(subject).or_insert_with(|| {
                groups.push((subject, Vec::new()));
                groups.len() - 1
            });
            let group = groups.get_mut(at).map(|(_, filters)| filters);
            // Of two such tests in one condition the first is enough: the rest is run.
            let group = group.filter(|group| group.last().is_none_or(|f| f.residue != number));
            if let Some(group) = group {
                group.push(Filter {
                    residue: number,
                    part,
                    constants,
                });
            }
        }
    }
    groups.sort_by_key(|(_, filters)| std::cmp::Reverse(filters.len()));
    groups
}

impl Mask {
    /// As many bitmaps as the constants need and there is room for, nobody admitted.
    fn empty((subject, filters): (Subject, &[Filter]), room: usize, words: usize) -> Option<Self> {
        let constants = filters.iter().flat_map(|filter| &filter.constants);
        let mut constants: Vec<i64> = constants.copied().collect();
        constants.sort_unstable();
        constants.dedup();
        let most = match subject.shape {
            Shape::Values => MAX_VALUES,
            Shape::From | Shape::Below => CUTS,
        };
        let most = most.min(room.saturating_sub(2));
        if most == 0 {
            return None;
        }
        let step = constants.len().div_ceil(most).max(1);
        let steps = constants.len().div_ceil(step);
        let (mut values, mut cuts) = (QuickMap::default(), Vec::new());
        let rows = match subject.shape {
            Shape::Values => {
                let numbered = (1..).flat_map(|row| std::iter::repeat_n(row, step));
                values = constants.into_iter().zip(numbered).collect();
                1 + steps
            }
            Shape::From | Shape::Below => {
                cuts = constants.into_iter().step_by(step).collect();
                2 + steps
            }
        };
        Some(Self {
            subject,
            values,
            cuts,
            exact: step == 1,
            bitmaps: vec![0; rows * words],
        })
    }

    /// Admits the numbers to the bitmaps of the facts that may meet the filter, and for now to
    /// bitmap 0.
    fn take(&mut self, filter: &Filter, numbers: &[u32], words: usize) {
        let rows = self.bitmaps.len() / words.max(1);
        let first = filter.constants.first().copied().unwrap_or_default();
        let admitting: Vec<usize> = match self.subject.shape {
            Shape::Values => {
                let rows = filter.constants.iter().map(|value| self.value(*value));
                rows.collect()
            }
            // A fact in the threshold's own stretch may lie on either side of it.
            Shape::From => (self.stretch(first)..rows).collect(),
            Shape::Below => (1..=self.stretch(first.saturating_sub(1))).collect(),
        };
        for number in numbers.iter().map(|number| *number as usize) {
            for row in std::iter::once(0).chain(admitting.iter().copied()) {
                if let Some(word) = self.bitmaps.get_mut(row * words + number / 64) {
                    *word |= 1 << (number % 64);
                }
            }
        }
    }

    /// Conditions without such a test pass whatever the fact is; bitmap 0 tells which they are
    /// not, and is turned round here.
    fn admit_others(&mut self, words: usize) {
        let (others, rows) = self.bitmaps.split_at_mut(words);
        others.iter_mut().for_each(|word| *word = !*word);
        for row in rows.chunks_mut(words.max(1)) {
            for (word, other) in row.iter_mut().zip(&*others) {
                *word |= other;
            }
        }
    }

    /// The number of the bitmap for a fact.
    fn chosen(&self, slot: Slot) -> usize {
        match self.subject.shape {
            Shape::Values if slot.kind == self.subject.kind => self.value(slot.bits),
            Shape::From | Shape::Below if slot.kind == self.subject.kind => {
                self.stretch(slot.bits.saturating_mul(2))
            }
            Shape::From | Shape::Below if self.subject.kind == Kind::Int => {
                between(slot).map_or(0, |rank| self.stretch(rank))
            }
            // Of another kind, or missing: it meets no such test.
            _ => 0,
        }
    }

    fn value(&self, value: i64) -> usize {
        self.values.get(&value).map_or(0, |row| *row as usize)
    }

    /// The bitmap of the stretch between two cuts in which a number lies.
    fn stretch(&self, number: i64) -> usize {
        1 + self.cuts.partition_point(|cut| *cut <= number)
    }
}

/// A test of a fact of the moment against constants that bitmaps can tell about.
fn filter(part: &Condition, lexicon: &mut Lexicon) -> Option<(Subject, Vec<i64>)> {
    let Condition::Test { left, op, right } = part else {
        return None;
    };
    let (path, op, value) = match (left, op, right) {
        (Term::Fact(path), op, Term::Value(value)) => (path, *op, value),
        (Term::Value(value), op, Term::Fact(path)) if *op != Op::In => (path, op.mirrored(), value),
        _ => return None,
    };
    let items = match (op, value) {
        (Op::In, Value::List(items)) => items.as_slice(),
        (Op::In, _) => return None,
        _ => std::slice::from_ref(value),
    };
    let slots: Option<Vec<Slot>> = items.iter().map(|item| lexicon.constant(item)).collect();
    let slots = slots?;
    let Slot { kind, bits } = *slots.first()?;
    let ordered = matches!(kind, Kind::Int | Kind::Time | Kind::Duration);
    let rank = || rank(bits).filter(|_| ordered);
    let (shape, constants) = match op {
        Op::Equal | Op::In if slots.iter().all(|slot| slot.kind == kind) => {
            (Shape::Values, slots.iter().map(|slot| slot.bits).collect())
        }
        Op::AtLeast => (Shape::From, vec![rank()?]),
        Op::More => (Shape::From, vec![rank()? + 1]),
        Op::AtMost => (Shape::Below, vec![rank()? + 1]),
        Op::Less => (Shape::Below, vec![rank()?]),
        _ => return None,
    };
    let place = lexicon.place(path.as_str(), Frame::Moment);
    Some((Subject { place, kind, shape }, constants))
}

/// Thresholds are ranks: whole numbers have the even ones, so that there is one for what lies
/// between two of them. Facts further out than any threshold share the last rank.
fn rank(bits: i64) -> Option<i64> {
    bits.checked_mul(2).filter(|rank| *rank > i64::MIN)
}

/// The rank of a number that is not whole.
fn between(slot: Slot) -> Option<i64> {
    let below = (slot.kind == Kind::Fraction).then(|| Fraction::of_bits(slot.bits).floor())?;
    Some(below.saturating_mul(2).saturating_add(1))
}
