//! Which values must a request bring for a condition to be met at all?
//!
//! A cover is a set of keys of which at least one is present whenever the condition is met. The
//! fewer requests bring one of them, the better the cover; how many do is guessed from how many
//! values the conditions themselves name at a place.

use std::collections::{HashMap, HashSet};

use crate::{
    Condition, Lexicon, Op, Path, Term, Value,
    lexicon::{Frame, Kind, Place, Slot},
};

/// One value at one place, or one item of the list there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Place, kind and whether the value is an item, in one number.
    head: u64,
    bits: i64,
}

impl Key {
    pub(crate) fn value(place: Place, slot: Slot) -> Self {
        Self {
            head: u64::from(place.number()) | (slot.kind as u64) << 32,
            bits: slot.bits,
        }
    }

    pub(crate) fn item(place: Place, slot: Slot) -> Self {
        let value = Self::value(place, slot);
        Self {
            head: value.head | 1 << 40,
            ..value
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Cover {
    pub(crate) keys: Vec<(Place, Key)>,
    /// Whether any of these keys alone says that the condition is met.
    pub(crate) exact: bool,
}

/// How many values the conditions name at each place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census {
    seen: HashSet<Key>,
    values: HashMap<u64, u32>,
}

/// A list fact or an order's lines bring about so many values in one request.
const VALUES_OF_A_LIST: f64 = 8.0;
const SHARE_OF_A_RANGE: f64 = 0.5;

impl Census {
    /// Counts the values a condition could be covered by.
    pub(crate) fn take(&mut self, condition: &Condition, lexicon: &mut Lexicon) {
        match condition {
            Condition::All(parts) => parts.iter().for_each(|part| self.take(part, lexicon)),
            _ => {
                let cover = self.cover(condition, lexicon, Frame::Moment);
                for (_, key) in cover.into_iter().flat_map(|cover| cover.keys) {
                    if self.seen.insert(key) {
                        *self.values.entry(key.head).or_default() += 1;
                    }
                }
            }
        }
    }

    /// The part of requests, guessed, that bring one of these keys.
    pub(crate) fn share(&self, cover: &Cover) -> f64 {
        let share = |(place, key): &(Place, Key)| {
            let values = f64::from(self.values.get(&key.head).copied().unwrap_or(1));
            let many = place.is_of_line() || key.head >> 40 != 0;
            if many {
                VALUES_OF_A_LIST / values
            } else {
                1.0 / values
            }
        };
        cover.keys.iter().map(share).sum()
    }

    /// The part of requests, guessed, that meet a condition: what to test first.
    pub(crate) fn chance(&self, condition: &Condition, lexicon: &mut Lexicon) -> f64 {
        match (self.cover(condition, lexicon, Frame::Moment), condition) {
            (Some(cover), Condition::Test { .. }) => self.share(&cover),
            (_, Condition::Test { .. } | Condition::Always | Condition::Known(_)) => {
                SHARE_OF_A_RANGE
            }
            _ => 1.0,
        }
    }

    /// A cover, if the condition has one.
    pub(crate) fn cover(
        &self,
        condition: &Condition,
        lexicon: &mut Lexicon,
        frame: Frame,
    ) -> Option<Cover> {
        match condition {
            Condition::Test { left, op, right } => {
                let keys = test_keys((left, *op, right), lexicon, frame)?;
                Some(Cover { keys, exact: true })
            }
            Condition::All(parts) => {
                let covers = parts
                    .iter()
                    .filter_map(|part| self.cover(part, lexicon, frame));
                let best = covers.min_by(|a, b| self.share(a).total_cmp(&self.share(b)))?;
                Some(Cover {
                    exact: false,
                    ..best
                })
            }
            Condition::Any(parts) => {
                let covers: Option<Vec<Cover>> = parts
                    .iter()
                    .map(|part| self.cover(part, lexicon, frame))
                    .collect();
                let covers = covers?;
                let exact = covers.iter().all(|cover| cover.exact);
                Some(Cover {
                    keys: covers.into_iter().flat_map(|cover| cover.keys).collect(),
                    exact,
                })
            }
            Condition::AnyLine(inner) => {
                let cover = self.cover(inner, lexicon, Frame::Line)?;
                // A value of the moment does not say that there is a line.
                let of_lines = cover.keys.iter().all(|(place, _)| place.is_of_line());
                Some(Cover {
                    exact: cover.exact && of_lines,
                    ..cover
                })
            }
            Condition::Not(inner) if **inner == Condition::Always => Some(Cover {
                keys: Vec::new(),
                exact: true,
            }),
            Condition::Always
            | Condition::Not(_)
            | Condition::Known(_)
            | Condition::EveryLine(_) => None,
        }
    }
}

/// The keys of an equality, of `in` over constants, and of a constant in a list fact.
fn test_keys(
    test: (&Term, Op, &Term),
    lexicon: &mut Lexicon,
    frame: Frame,
) -> Option<Vec<(Place, Key)>> {
    let mut key = |path: &Path, value: &Value, of: fn(Place, Slot) -> Key| {
        let slot = lexicon.constant(value)?;
        let place = lexicon.place(path.as_str(), frame);
        Some((place, of(place, slot)))
    };
    match test {
        (Term::Fact(path), Op::Equal, Term::Value(value))
        | (Term::Value(value), Op::Equal, Term::Fact(path)) => {
            key(path, value, Key::value).map(|key| vec![key])
        }
        (Term::Fact(path), Op::In, Term::Value(Value::List(items))) => items
            .iter()
            .map(|item| key(path, item, Key::value))
            .collect(),
        (Term::Value(value), Op::In, Term::Fact(path)) => {
            key(path, value, Key::item).map(|key| vec![key])
        }
        _ => None,
    }
}

/// The keys a slot brings: itself, or each item of a list.
pub(crate) fn keys_of(place: Place, slot: Slot, items: &[Slot]) -> impl Iterator<Item = Key> {
    let value = (!matches!(slot.kind, Kind::Missing | Kind::List)).then(|| Key::value(place, slot));
    value
        .into_iter()
        .chain(items.iter().map(move |item| Key::item(place, *item)))
}
