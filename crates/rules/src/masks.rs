//! Which of the conditions that nearly everybody could meet may these facts meet?
//!
//! For each value that tests name at a place there is a bitmap of the conditions it does not
//! rule out; the bitmaps of all places are intersected word by word. (Bitmap indexes: O'Neil and
//! Quass 1997.)

use crate::{
    Condition, Encoded, Lexicon, Op, Term, Value,
    lexicon::{Frame, Kind, Place, QuickMap, Slot},
};

/// Places with bitmaps; tests at further ones are left to the programs.
const MAX_MASKS: usize = 16;
/// Values with a bitmap at one place.
const MAX_VALUES: usize = 256;
/// Bitmaps for the thresholds at one place, in one direction.
const CUTS: usize = 64;

/// What of one condition the bitmaps can tell.
#[derive(Clone, Debug)]
enum Filter {
    Values(Place, Kind, Vec<i64>),
    /// Met only from the threshold up.
    From(Place, Kind, i64),
    /// Met only up to the threshold.
    UpTo(Place, Kind, i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Shape {
    Values,
    From,
    UpTo,
}

/// The bitmaps of one place and one shape of test.
#[derive(Clone, Debug)]
struct Mask {
    place: Place,
    kind: Kind,
    shape: Shape,
    /// Where the bitmap of each value begins, for [`Shape::Values`].
    values: QuickMap<i64, u32>,
    /// Ascending; bitmap `i + 1` is for facts that reach cut `i` but not the next one.
    cuts: Vec<i64>,
    /// Bitmap 0 holds the conditions without such a test here.
    bitmaps: Vec<u64>,
}

/// Bitmaps over conditions numbered from 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masks {
    conditions: usize,
    masks: Vec<Mask>,
}

impl Masks {
    /// `parts` holds for each condition what must all be met.
    pub(crate) fn build(parts: &[Vec<&Condition>], lexicon: &mut Lexicon) -> Self {
        let mut groups: QuickMap<(u32, u8, u8), Vec<(usize, Filter)>> = QuickMap::default();
        for (number, parts) in parts.iter().enumerate() {
            for filter in parts.iter().filter_map(|part| filter(part, lexicon)) {
                let (place, kind, shape) = filter.group();
                let group = groups
                    .entry((place.number(), kind as u8, shape as u8))
                    .or_default();
                // Of two such tests in one condition the first is enough: the rest is run.
                if group.last().is_none_or(|(last, _)| *last != number) {
                    group.push((number, filter));
                }
            }
        }
        let mut groups: Vec<Vec<(usize, Filter)>> = groups.into_values().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group.first().map(order)));
        let words = parts.len().div_ceil(64);
        let mut masks: Vec<Mask> = groups
            .iter()
            .filter_map(|group| mask(group, words))
            .take(MAX_MASKS)
            .collect();
        masks
            .iter_mut()
            .for_each(|mask| mask.admit_others(parts.len(), words));
        Self {
            conditions: parts.len(),
            masks,
        }
    }

    /// Calls with the number of each condition that is not ruled out, ascending.
    pub(crate) fn each(&self, encoded: &Encoded<'_>, mut found: impl FnMut(usize)) {
        let words = self.conditions.div_ceil(64);
        let mut rows: [&[u64]; MAX_MASKS] = [&[]; MAX_MASKS];
        for (row, mask) in rows.iter_mut().zip(&self.masks) {
            let from = mask.chosen(encoded.slot(mask.place, 0)) * words;
            *row = mask.bitmaps.get(from..from + words).unwrap_or_default();
        }
        let rows = rows.get(..self.masks.len()).unwrap_or_default();
        for word in 0..words {
            let mut left = u64::MAX;
            for row in rows {
                left &= row.get(word).copied().unwrap_or_default();
                if left == 0 {
                    break;
                }
            }
            while left != 0 {
                let number = word * 64 + left.trailing_zeros() as usize;
                if number < self.conditions {
                    found(number);
                }
                left &= left - 1;
            }
        }
    }
}

impl Filter {
    fn group(&self) -> (Place, Kind, Shape) {
        match self {
            Self::Values(place, kind, _) => (*place, *kind, Shape::Values),
            Self::From(place, kind, _) => (*place, *kind, Shape::From),
            Self::UpTo(place, kind, _) => (*place, *kind, Shape::UpTo),
        }
    }

    fn thresholds(&self) -> &[i64] {
        match self {
            Self::Values(_, _, values) => values,
            Self::From(_, _, threshold) | Self::UpTo(_, _, threshold) => {
                std::slice::from_ref(threshold)
            }
        }
    }
}

impl Mask {
    /// The number of the bitmap for a fact.
    fn chosen(&self, slot: Slot) -> usize {
        if slot.kind != self.kind {
            return 0;
        }
        match self.shape {
            Shape::Values => self.values.get(&slot.bits).map_or(0, |at| *at as usize),
            // One more, as bitmap 0 is for facts that are missing.
            Shape::From | Shape::UpTo => 1 + self.cuts.partition_point(|cut| *cut <= slot.bits),
        }
    }

    fn admit(&mut self, (bitmap, number): (usize, usize), words: usize) {
        if let Some(word) = self.bitmaps.get_mut(bitmap * words + number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Conditions without such a test pass whatever the fact is; bitmap 0 tells which they are
    /// not, and is turned round here.
    fn admit_others(&mut self, conditions: usize, words: usize) {
        let tested: Vec<u64> = self
            .bitmaps
            .drain(..words.min(self.bitmaps.len()))
            .collect();
        let others: Vec<u64> = tested.iter().map(|word| !word).collect();
        for row in self.bitmaps.chunks_mut(words.max(1)) {
            row.iter_mut()
                .zip(&others)
                .for_each(|(word, other)| *word |= other);
        }
        self.bitmaps.splice(..0, others);
        debug_assert!(conditions <= words * 64);
    }
}

/// A stable order among groups of one size.
fn order((number, filter): &(usize, Filter)) -> (usize, u32, u8) {
    let (place, _, shape) = filter.group();
    (*number, place.number(), shape as u8)
}

/// The bitmaps of one group, bitmap 0 holding the conditions that do test here.
fn mask(group: &[(usize, Filter)], words: usize) -> Option<Mask> {
    let (place, kind, shape) = group.first()?.1.group();
    let mut values: Vec<i64> = group
        .iter()
        .flat_map(|(_, f)| f.thresholds())
        .copied()
        .collect();
    values.sort_unstable();
    values.dedup();
    let cuts: Vec<i64> = match shape {
        Shape::Values if values.len() > MAX_VALUES => return None,
        Shape::Values => Vec::new(),
        _ => values
            .iter()
            .copied()
            .step_by(values.len().div_ceil(CUTS))
            .collect(),
    };
    let rows = if shape == Shape::Values {
        1 + values.len()
    } else {
        2 + cuts.len()
    };
    let numbered = values
        .iter()
        .copied()
        .zip(1_u32..)
        .filter(|_| shape == Shape::Values);
    let mut mask = Mask {
        place,
        kind,
        shape,
        values: numbered.collect(),
        cuts,
        bitmaps: vec![0; rows * words],
    };
    for (number, filter) in group {
        mask.admit((0, *number), words);
        let admitted: Vec<usize> = match filter {
            Filter::Values(_, _, values) => values
                .iter()
                .filter_map(|value| mask.values.get(value))
                .map(|at| *at as usize)
                .collect(),
            // A fact in the threshold's own stretch may lie on either side of it.
            Filter::From(_, _, from) => (mask.stretch(*from)..rows).collect(),
            Filter::UpTo(_, _, up_to) => (1..=mask.stretch(*up_to)).collect(),
        };
        admitted
            .into_iter()
            .for_each(|bitmap| mask.admit((bitmap, *number), words));
    }
    Some(mask)
}

impl Mask {
    /// The bitmap of the stretch between two cuts in which a number lies.
    fn stretch(&self, number: i64) -> usize {
        1 + self.cuts.partition_point(|cut| *cut <= number)
    }
}

fn filter(part: &Condition, lexicon: &mut Lexicon) -> Option<Filter> {
    let Condition::Test { left, op, right } = part else {
        return None;
    };
    let (path, op, value) = match (left, op, right) {
        (Term::Fact(path), op, Term::Value(value)) => (path, *op, value),
        (Term::Value(value), op, Term::Fact(path)) if *op != Op::In => (path, op.mirrored(), value),
        _ => return None,
    };
    let place = lexicon.place(path.as_str(), Frame::Moment);
    if let (Op::In, Value::List(items)) = (op, value) {
        let slots: Option<Vec<Slot>> = items.iter().map(|item| lexicon.constant(item)).collect();
        let slots = slots?;
        let kind = slots.first()?.kind;
        let same = slots.iter().all(|slot| slot.kind == kind);
        let values = slots.iter().map(|slot| slot.bits).collect();
        return same.then_some(Filter::Values(place, kind, values));
    }
    let Slot { kind, bits } = lexicon.constant(value)?;
    match op {
        Op::Equal => Some(Filter::Values(place, kind, vec![bits])),
        Op::More | Op::AtLeast => Some(Filter::From(place, kind, bits)),
        Op::Less | Op::AtMost => Some(Filter::UpTo(place, kind, bits)),
        _ => None,
    }
}
