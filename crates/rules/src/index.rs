//! Which of many conditions do these facts meet?
//!
//! A condition that needs one of a few values (a store, a segment, a category) waits in the
//! posting lists of those values and is run only when the facts bring one. A condition that
//! nearly everybody could meet has its bits in the bitmaps of [`crate::masks`] and is run when
//! they do not rule it out.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Condition, Encoded, Facts, Lexicon, Verdict,
    cover::{Census, Cover, Key, keys_of},
    lexicon::{Frame, Place, QuickMap, Slot},
    masks::Masks,
    program::{Code, Compiler, Pool, Run},
};

/// Covers that more requests than this bring, as guessed, are no use: such conditions go to the
/// bitmaps.
const SELECTIVE: f64 = 1.0 / 24.0;
/// Posting lists in which one condition may wait.
const MAX_KEYS: usize = 512;
/// Up to so many lists each get a copy of the program, which lies beside its neighbours'; more
/// share one.
const COPIES: usize = 8;

/// All live conditions, each under a key, arranged so that few need to be run.
#[derive(Clone, Debug)]
pub struct Index<K> {
    conditions: Vec<(K, Condition)>,
    arranged: Arranged,
}

/// Conditions go by their position from here on.
#[derive(Clone, Debug)]
struct Arranged {
    lexicon: Lexicon,
    pool: Pool,
    /// Every condition in full, one after the other: what a scan runs.
    scanned: Programs,
    /// What is left to run, in the order of the posting lists.
    waiting: Programs,
    postings: QuickMap<Key, (u32, u32)>,
    /// The places at which posting lists wait, of the moment and of the line.
    places: (Vec<Place>, Vec<Place>),
    masks: Masks,
    /// What is left to run of those the masks tell about.
    masked: Programs,
}

/// Programs in one run of opcodes, each for the condition at a position.
#[derive(Clone, Debug, Default)]
struct Programs {
    codes: Vec<Code>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    position: u32,
    start: u32,
}

impl<K: Copy + Ord> Index<K> {
    /// Keys are distinct; of two conditions under one key the later counts.
    pub fn build(conditions: impl IntoIterator<Item = (K, Condition)>) -> Self {
        let by_key: BTreeMap<K, Condition> = conditions.into_iter().collect();
        let conditions: Vec<(K, Condition)> = by_key.into_iter().collect();
        let mut builder = Builder::default();
        for (_, condition) in &conditions {
            builder.census.take(condition, &mut builder.lexicon);
        }
        for (position, (_, condition)) in (0_u32..).zip(&conditions) {
            builder.add(position, condition);
        }
        let arranged = builder.finish();
        Self {
            conditions,
            arranged,
        }
    }

    /// Makes facts ready to be matched, once per request.
    #[must_use]
    pub fn encode<'f>(&self, facts: &'f Facts) -> Encoded<'f> {
        self.arranged.lexicon.encode(facts)
    }

    /// The keys of the conditions that are met, ascending.
    #[must_use]
    pub fn matches(&self, encoded: &Encoded<'_>) -> Vec<K> {
        let mut met = Vec::new();
        self.matches_into(encoded, &mut met);
        met
    }

    /// As [`Index::matches`], into a vector that is cleared first.
    pub fn matches_into(&self, encoded: &Encoded<'_>, met: &mut Vec<K>) {
        met.clear();
        self.arranged
            .each_met(encoded, |position| met.extend(self.key(position)));
        // A condition may wait in several lists.
        met.sort_unstable();
        met.dedup();
    }

    /// The same answer from running every condition: what the index is measured against.
    #[must_use]
    pub fn scan(&self, encoded: &Encoded<'_>) -> Vec<K> {
        let (mut met, all) = (Vec::new(), &self.arranged.scanned);
        for entry in &all.entries {
            self.arranged
                .run((all, *entry), encoded, &mut |at| met.extend(self.key(at)));
        }
        met
    }

    fn key(&self, position: u32) -> Option<K> {
        self.conditions.get(position as usize).map(|(key, _)| *key)
    }

    #[must_use]
    pub fn condition(&self, key: K) -> Option<&Condition> {
        let at = self
            .conditions
            .binary_search_by(|(other, _)| other.cmp(&key))
            .ok()?;
        self.conditions.get(at).map(|(_, condition)| condition)
    }

    /// Why the condition under this key is met or not.
    #[must_use]
    pub fn verdict(&self, key: K, facts: &Facts) -> Option<Verdict> {
        self.condition(key)
            .map(|condition| condition.evaluate(facts))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.conditions.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }
}

impl Arranged {
    /// Calls with the position of each condition that is met, in no order and perhaps twice.
    fn each_met(&self, encoded: &Encoded<'_>, mut met: impl FnMut(u32)) {
        let (of_moment, of_line) = &self.places;
        for place in of_moment {
            self.wake((*place, encoded.slot(*place, 0)), encoded, &mut met);
        }
        if !of_line.is_empty() {
            for line in 0..encoded.facts.lines().len() {
                for place in of_line {
                    self.wake((*place, encoded.slot(*place, line)), encoded, &mut met);
                }
            }
        }
        self.masks.each(encoded, |number| {
            if let Some(entry) = self.masked.entries.get(number) {
                self.run((&self.masked, *entry), encoded, &mut met);
            }
        });
    }

    /// Runs what waits for the values a slot brings.
    fn wake(&self, (place, slot): (Place, Slot), encoded: &Encoded<'_>, met: &mut impl FnMut(u32)) {
        for key in keys_of(place, slot, encoded.items(slot)) {
            let Some((from, to)) = self.postings.get(&key) else {
                continue;
            };
            let waiting = self.waiting.entries.get(*from as usize..*to as usize);
            for entry in waiting.unwrap_or_default() {
                self.run((&self.waiting, *entry), encoded, met);
            }
        }
    }

    fn run(
        &self,
        (programs, entry): (&Programs, Entry),
        encoded: &Encoded<'_>,
        met: &mut impl FnMut(u32),
    ) {
        let run = Run {
            codes: &programs.codes,
            pool: &self.pool,
            encoded,
            line: 0,
        };
        if run.is_met(entry.start as usize) {
            met(entry.position);
        }
    }
}

#[derive(Default)]
struct Builder<'c> {
    census: Census,
    lexicon: Lexicon,
    pool: Pool,
    scanned: Programs,
    residues: Vec<Residue<'c>>,
    /// For each key, which residues wait there.
    lists: BTreeMap<Key, Vec<usize>>,
    places: BTreeSet<Place>,
    masked: Vec<(u32, Vec<&'c Condition>)>,
}

/// What is left to run of a condition when one of its keys is there.
struct Residue<'c> {
    position: u32,
    parts: Vec<&'c Condition>,
    keys: usize,
    /// What it asks first, as text.
    first: String,
}

impl<'c> Builder<'c> {
    fn add(&mut self, position: u32, condition: &'c Condition) {
        let parts: Vec<&Condition> = match condition {
            Condition::All(parts) => parts.iter().collect(),
            other => vec![other],
        };
        let parts = self.rarest_first(parts);
        self.emit_scanned((position, &parts));
        let covers = parts.iter().enumerate().filter_map(|(at, part)| {
            let cover = self.census.cover(part, &mut self.lexicon, Frame::Moment)?;
            Some((self.census.share(&cover), at, cover))
        });
        match covers.min_by(|(a, ..), (b, ..)| a.total_cmp(b)) {
            Some((share, at, cover)) if share <= SELECTIVE && cover.keys.len() <= MAX_KEYS => {
                let mut left = parts;
                if cover.exact {
                    left.remove(at);
                }
                self.wait((position, left), cover);
            }
            _ => self.masked.push((position, parts)),
        }
    }

    fn wait(&mut self, (position, parts): (u32, Vec<&'c Condition>), cover: Cover) {
        let keys: BTreeSet<(Place, Key)> = cover.keys.into_iter().collect();
        for (place, key) in &keys {
            self.places.insert(*place);
            self.lists
                .entry(*key)
                .or_default()
                .push(self.residues.len());
        }
        let first = parts.first().map(ToString::to_string).unwrap_or_default();
        self.residues.push(Residue {
            position,
            parts,
            keys: keys.len(),
            first,
        });
    }

    /// All parts must be met, so the answer does not depend on their order, but its cost does.
    fn rarest_first(&mut self, parts: Vec<&'c Condition>) -> Vec<&'c Condition> {
        let mut weighed: Vec<(f64, &Condition)> = parts
            .into_iter()
            .map(|part| (self.census.chance(part, &mut self.lexicon), part))
            .collect();
        weighed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        weighed.into_iter().map(|(_, part)| part).collect()
    }

    fn emit_scanned(&mut self, program: (u32, &[&Condition])) {
        let mut compiler = Compiler {
            lexicon: &mut self.lexicon,
            pool: &mut self.pool,
            frame: Frame::Moment,
        };
        self.scanned.emit(program, &mut compiler);
    }

    fn finish(mut self) -> Arranged {
        let masked_parts: Vec<Vec<&Condition>> =
            self.masked.iter().map(|(_, parts)| parts.clone()).collect();
        let masks = Masks::build(&masked_parts, &mut self.lexicon);
        let mut compiler = Compiler {
            lexicon: &mut self.lexicon,
            pool: &mut self.pool,
            frame: Frame::Moment,
        };
        let (mut waiting, mut masked) = (Programs::default(), Programs::default());
        let mut postings = QuickMap::default();
        let mut shared: BTreeMap<usize, Entry> = BTreeMap::new();
        for (key, list) in self.lists {
            let mut list: Vec<(usize, &Residue<'_>)> = list
                .into_iter()
                .filter_map(|at| Some((at, self.residues.get(at)?)))
                .collect();
            // Neighbours that ask the same first are answered alike, which processors foresee.
            list.sort_by_key(|(_, residue)| &residue.first);
            let from = waiting.count();
            for (at, residue) in list {
                if let Some(entry) = shared.get(&at) {
                    waiting.entries.push(*entry);
                    continue;
                }
                let entry = waiting.emit((residue.position, &residue.parts), &mut compiler);
                if residue.keys > COPIES {
                    shared.insert(at, entry);
                }
            }
            postings.insert(key, (from, waiting.count()));
        }
        for (position, parts) in &self.masked {
            masked.emit((*position, parts), &mut compiler);
        }
        let places = self
            .places
            .iter()
            .copied()
            .partition(|place| !place.is_of_line());
        let Self {
            lexicon,
            pool,
            scanned,
            ..
        } = self;
        Arranged {
            lexicon,
            pool,
            scanned,
            waiting,
            postings,
            places,
            masks,
            masked,
        }
    }
}

impl Programs {
    fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    fn emit(
        &mut self,
        (position, parts): (u32, &[&Condition]),
        compiler: &mut Compiler<'_>,
    ) -> Entry {
        let start = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
        match parts {
            [one] => compiler.condition(one, &mut self.codes),
            parts => compiler.all(parts.iter().copied(), &mut self.codes),
        }
        let entry = Entry { position, start };
        self.entries.push(entry);
        entry
    }
}
