//! Which of many conditions do these facts meet?

use crate::{Condition, Encoded, Facts, Lexicon, Verdict};

/// All live conditions, each under a key, arranged so that few need to be run.
#[derive(Clone, Debug)]
pub struct Index<K> {
    conditions: Vec<(K, Condition)>,
}

impl<K: Copy + Ord> Index<K> {
    /// Keys are distinct; of two conditions under one key the later counts.
    pub fn build(conditions: impl IntoIterator<Item = (K, Condition)>) -> Self {
        let by_key: std::collections::BTreeMap<K, Condition> = conditions.into_iter().collect();
        Self {
            conditions: by_key.into_iter().collect(),
        }
    }

    /// Makes facts ready to be matched, once per request.
    #[must_use]
    pub fn encode<'f>(&self, facts: &'f Facts) -> Encoded<'f> {
        Lexicon::default().encode(facts)
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
        let of = |(key, condition): &(K, Condition)| {
            condition.evaluate(encoded.facts).is_met().then_some(*key)
        };
        met.extend(self.conditions.iter().filter_map(of));
    }

    /// The same answer from running every condition: what the index is measured against.
    #[must_use]
    pub fn scan(&self, encoded: &Encoded<'_>) -> Vec<K> {
        self.matches(encoded)
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
