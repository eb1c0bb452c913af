//! How do names and texts become numbers, once for all conditions and once per request?

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use crate::{Facts, Value};

/// A small fast hash (multiply and rotate, as in Firefox). Only configuration adds to the maps
/// that use it, so a request cannot fill them with names that collide.
#[derive(Clone, Copy, Default)]
pub(crate) struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0xF135_7AEA_2E62_A9C5);
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

pub(crate) type QuickMap<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// Texts by number, in the order they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(QuickMap<Arc<str>, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.get(name) {
            return number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(name.into(), number);
        number
    }

    fn get(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Whether a test is read against the moment alone, or also against one line of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Moment,
    Line,
}

/// Where a fact is found: a slot of the moment, or with the highest bit one of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place(u32);

const OF_LINE: u32 = 1 << 31;

impl Place {
    pub(crate) fn is_of_line(self) -> bool {
        self.0 & OF_LINE != 0
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    fn slot(self) -> usize {
        (self.0 & !OF_LINE) as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    Missing,
    Bool,
    Int,
    Text,
    Time,
    Duration,
    /// `bits` hold where the items begin and, in the upper half, where they end.
    List,
    /// `bits` are those of the fraction: they equal, and do not order.
    Fraction,
}

/// A fact as a number: texts by their number in the lexicon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) kind: Kind,
    pub(crate) bits: i64,
}

impl Slot {
    const MISSING: Self = Self {
        kind: Kind::Missing,
        bits: 0,
    };
    /// A text that no condition names; it equals none that one does.
    const OTHER_TEXT: Self = Self {
        kind: Kind::Text,
        bits: -1,
    };
}

/// Every name and text that some conditions use, numbered.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    moment: Names,
    line: Names,
    texts: Names,
}

impl Lexicon {
    /// The place of a fact; inside a question about lines, `line.…` is of the line.
    pub(crate) fn place(&mut self, path: &str, frame: Frame) -> Place {
        if frame == Frame::Line && path.starts_with("line.") {
            Place(self.line.number(path) | OF_LINE)
        } else {
            Place(self.moment.number(path))
        }
    }

    /// A constant as a slot; `None` for a list.
    pub(crate) fn constant(&mut self, value: &Value) -> Option<Slot> {
        if let Value::Text(text) = value {
            return Some(Slot {
                kind: Kind::Text,
                bits: i64::from(self.texts.number(text)),
            });
        }
        self.scalar(value)
    }

    fn scalar(&self, value: &Value) -> Option<Slot> {
        let (kind, bits) = match value {
            Value::Bool(value) => (Kind::Bool, i64::from(*value)),
            Value::Int(value) => (Kind::Int, *value),
            Value::Time(value) => (Kind::Time, *value),
            Value::Duration(value) => (Kind::Duration, *value),
            Value::Fraction(value) => (Kind::Fraction, value.bits()),
            Value::Text(text) => match self.texts.get(text) {
                Some(number) => (Kind::Text, i64::from(number)),
                None => return Some(Slot::OTHER_TEXT),
            },
            Value::List(_) => return None,
        };
        Some(Slot { kind, bits })
    }

    /// Makes facts ready, one look-up for each name and text.
    #[must_use]
    pub fn encode<'f>(&self, facts: &'f Facts) -> Encoded<'f> {
        let mut encoded = Encoded {
            facts,
            moment: vec![Slot::MISSING; self.moment.len()],
            line: Vec::new(),
            per_line: self.line.len(),
            items: Vec::new(),
        };
        self.fill(
            &self.moment,
            facts,
            (&mut encoded.moment, &mut encoded.items),
        );
        if encoded.per_line > 0 {
            encoded.line = vec![Slot::MISSING; facts.lines().len() * encoded.per_line];
            let rows = encoded.line.chunks_exact_mut(encoded.per_line);
            for (line, row) in facts.lines().iter().zip(rows) {
                self.fill(&self.line, line, (row, &mut encoded.items));
            }
        }
        encoded
    }

    fn fill(&self, names: &Names, facts: &Facts, (slots, items): (&mut [Slot], &mut Vec<Slot>)) {
        for (path, value) in facts.iter() {
            let slot = names
                .get(path.as_str())
                .and_then(|at| slots.get_mut(at as usize));
            let Some(slot) = slot else {
                continue;
            };
            *slot = match (self.scalar(value), value) {
                (Some(slot), _) => slot,
                (None, Value::List(values)) => {
                    let from = items.len();
                    items.extend(
                        values
                            .iter()
                            .map(|v| self.scalar(v).unwrap_or(Slot::MISSING)),
                    );
                    let bits = (from as u64 | (items.len() as u64) << 32).cast_signed();
                    Slot {
                        kind: Kind::List,
                        bits,
                    }
                }
                _ => Slot::MISSING,
            };
        }
    }
}

/// Facts made ready for programs and indexes over one lexicon.
#[derive(Clone, Debug)]
pub struct Encoded<'f> {
    pub(crate) facts: &'f Facts,
    moment: Vec<Slot>,
    /// Row by row, `per_line` slots for each line.
    line: Vec<Slot>,
    per_line: usize,
    items: Vec<Slot>,
}

impl Encoded<'_> {
    /// `line` counts lines from 0; it matters only to places of a line.
    pub(crate) fn slot(&self, place: Place, line: usize) -> Slot {
        let slot = match place.is_of_line() {
            false => self.moment.get(place.slot()),
            true => self.line.get(line * self.per_line + place.slot()),
        };
        slot.copied().unwrap_or(Slot::MISSING)
    }

    pub(crate) fn items(&self, list: Slot) -> &[Slot] {
        if list.kind != Kind::List {
            return &[];
        }
        let bits = list.bits.cast_unsigned();
        let (from, to) = ((bits & 0xFFFF_FFFF) as usize, (bits >> 32) as usize);
        self.items.get(from..to).unwrap_or_default()
    }
}
