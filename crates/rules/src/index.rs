//! Which of many conditions do these facts meet?
//!
//! A condition that needs one of a few values (a store, a segment, a category) waits in the
//! posting lists of those values and is looked at only when the facts bring one; a condition that
//! nearly everybody could meet is always looked at. To look is to ask the bitmaps of
//! [`crate::masks`], sixty-four neighbours at a time; of those not ruled out, the tests that
//! bitmaps cannot answer are run.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Condition, Encoded, Facts, Lexicon, Verdict,
    cover::{Census, Cover, Key, keys_of},
    lexicon::{Frame, Place, QuickMap},
    masks::{Masks, Residue, Rows},
    program::{Code, Compiler, Pool, Run},
};

/// Covers that more requests than this bring, as guessed, are no use: such conditions go to the
/// bitmaps.
const SELECTIVE: f64 = 1.0 / 24.0;
/// Posting lists in which one condition may wait.
const MAX_KEYS: usize = 512;

/// All live conditions, each under a key, arranged so that few need to be run.
#[derive(Clone, Debug)]
pub struct Index<K> {
    /// Ascending.
    keys: Vec<K>,
    conditions: Vec<Condition>,
    arranged: Arranged,
}

/// Conditions go by their position from here on.
#[derive(Clone, Debug)]
struct Arranged {
    lexicon: Lexicon,
    pool: Pool,
    /// Every condition in full, one after the other: what a scan runs.
    scanned: Programs,
    /// In the order of the posting lists.
    waiting: Looked,
    postings: QuickMap<Key, Stretch>,
    /// The places at which posting lists wait, of the moment and of the line.
    places: (Vec<Place>, Vec<Place>),
    always: Looked,
}

/// Numbers from one up to, but not with, another.
type Stretch = (u32, u32);

/// What is left to ask of some conditions, by number.
#[derive(Clone, Debug)]
struct Looked {
    masks: Masks,
    programs: Programs,
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
    /// [`NOTHING`] when the bitmaps have answered all.
    start: u32,
}

const NOTHING: u32 = u32::MAX;

impl<K: Copy + Ord> Index<K> {
    /// Keys are distinct; of two conditions under one key the later counts.
    pub fn build(conditions: impl IntoIterator<Item = (K, Condition)>) -> Self {
        let by_key: BTreeMap<K, Condition> = conditions.into_iter().collect();
        let (keys, conditions): (Vec<K>, Vec<Condition>) = by_key.into_iter().unzip();
        let mut builder = Builder::default();
        for condition in &conditions {
            builder.census.take(condition, &mut builder.lexicon);
        }
        for (position, condition) in (0_u32..).zip(&conditions) {
            builder.add(position, condition);
        }
        let arranged = builder.finish();
        Self {
            keys,
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
        self.keys.get(position as usize).copied()
    }

    #[must_use]
    pub fn condition(&self, key: K) -> Option<&Condition> {
        let at = self.keys.binary_search(&key).ok()?;
        self.conditions.get(at)
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
        let rows = self.waiting.masks.rows(encoded);
        self.each_woken(encoded, |stretch| {
            self.look((&self.waiting, &rows), (stretch, encoded), &mut met);
        });
        let rows = self.always.masks.rows(encoded);
        let all = (0, self.always.programs.count());
        self.look((&self.always, &rows), (all, encoded), &mut met);
    }

    /// Calls with each posting list for which the facts bring the value.
    fn each_woken(&self, encoded: &Encoded<'_>, mut woken: impl FnMut(Stretch)) {
        let (of_moment, of_line) = &self.places;
        let mut wake = |place: Place, line: usize| {
            let slot = encoded.slot(place, line);
            for key in keys_of(place, slot, encoded.items(slot)) {
                if let Some(stretch) = self.postings.get(&key) {
                    woken(*stretch);
                }
            }
        };
        for place in of_moment {
            wake(*place, 0);
        }
        if of_line.is_empty() {
            return;
        }
        for line in 0..encoded.facts.lines().len() {
            for place in of_line {
                wake(*place, line);
            }
        }
    }

    fn look(
        &self,
        (looked, rows): (&Looked, &Rows<'_>),
        (stretch, encoded): (Stretch, &Encoded<'_>),
        met: &mut impl FnMut(u32),
    ) {
        rows.each(stretch, |number| {
            if let Some(entry) = looked.programs.entries.get(number) {
                self.run((&looked.programs, *entry), encoded, met);
            }
        });
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
        if entry.start == NOTHING || run.is_met(entry.start as usize) {
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
    waiting: Vec<Residue<'c>>,
    /// For each key, which residues wait there.
    lists: BTreeMap<Key, Vec<u32>>,
    places: BTreeSet<Place>,
    always: Vec<Residue<'c>>,
}

impl<'c> Builder<'c> {
    fn add(&mut self, position: u32, condition: &'c Condition) {
        let parts: Vec<&Condition> = match condition {
            Condition::All(parts) => parts.iter().collect(),
            other => vec![other],
        };
        let mut parts = self.rarest_first(parts);
        self.emit_scanned((position, &parts));
        let covers = parts.iter().enumerate().filter_map(|(at, part)| {
            let cover = self.census.cover(part, &mut self.lexicon, Frame::Moment)?;
            Some((self.census.share(&cover), at, cover))
        });
        match covers.min_by(|(a, ..), (b, ..)| a.total_cmp(b)) {
            Some((share, at, cover)) if share <= SELECTIVE && cover.keys.len() <= MAX_KEYS => {
                if cover.exact {
                    parts.remove(at);
                }
                self.wait(cover);
                self.waiting.push(Residue {
                    position,
                    parts,
                    numbers: Vec::new(),
                });
            }
            _ => {
                let numbers = vec![count(&self.always)];
                self.always.push(Residue {
                    position,
                    parts,
                    numbers,
                });
            }
        }
    }

    /// Puts the next that waits in its lists.
    fn wait(&mut self, cover: Cover) {
        let number = count(&self.waiting);
        let keys: BTreeSet<(Place, Key)> = cover.keys.into_iter().collect();
        for (place, key) in keys {
            self.places.insert(place);
            self.lists.entry(key).or_default().push(number);
        }
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
        let entry = self.scanned.emit(program, &mut compiler);
        self.scanned.entries.push(entry);
    }

    fn finish(mut self) -> Arranged {
        let (mut postings, mut order) = (QuickMap::default(), Vec::new());
        for (key, list) in std::mem::take(&mut self.lists) {
            let from = count(&order);
            for at in list {
                if let Some(residue) = self.waiting.get_mut(at as usize) {
                    residue.numbers.push(count(&order));
                    order.push(at);
                }
            }
            postings.insert(key, (from, count(&order)));
        }
        let waiting = std::mem::take(&mut self.waiting);
        let waiting = self.looked(waiting, &order);
        let order: Vec<u32> = (0..count(&self.always)).collect();
        let always = std::mem::take(&mut self.always);
        let always = self.looked(always, &order);
        let places = self.places.into_iter();
        Arranged {
            lexicon: self.lexicon,
            pool: self.pool,
            scanned: self.scanned,
            waiting,
            postings,
            places: places.partition(|place| !place.is_of_line()),
            always,
        }
    }

    /// `order` tells for each number whose it is.
    fn looked(&mut self, mut residues: Vec<Residue<'_>>, order: &[u32]) -> Looked {
        let masks = Masks::build(&mut residues, order.len(), &mut self.lexicon);
        let mut compiler = Compiler {
            lexicon: &mut self.lexicon,
            pool: &mut self.pool,
            frame: Frame::Moment,
        };
        let mut programs = Programs::default();
        let mut emitted: Vec<Option<Entry>> = vec![None; residues.len()];
        for at in order.iter().map(|at| *at as usize) {
            let (Some(residue), Some(emitted)) = (residues.get(at), emitted.get_mut(at)) else {
                continue;
            };
            let program = (residue.position, &*residue.parts);
            let entry = *emitted.get_or_insert_with(|| programs.emit(program, &mut compiler));
            programs.entries.push(entry);
        }
        Looked { masks, programs }
    }
}

impl Programs {
    fn count(&self) -> u32 {
        count(&self.entries)
    }

    fn emit(
        &mut self,
        (position, parts): (u32, &[&Condition]),
        compiler: &mut Compiler<'_>,
    ) -> Entry {
        let start = match parts {
            [] => NOTHING,
            _ => count(&self.codes),
        };
        match parts {
            [] => {}
            [one] => compiler.condition(one, &mut self.codes),
            parts => compiler.all(parts.iter().copied(), &mut self.codes),
        }
        Entry { position, start }
    }
}

fn count<T>(some: &[T]) -> u32 {
    u32::try_from(some.len()).unwrap_or(u32::MAX)
}
