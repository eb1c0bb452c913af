//! When did each kind of event last happen, and what was last looked at?

use serde::{Deserialize, Serialize};

use crate::{MAX_NAME_BYTES, Name, Timestamp};

/// Event names kept for one state: those that happened last.
pub(super) const MAX_EVENT_NAMES: usize = 32;

/// The latest time of each event name, sorted by name. When there are too many, the names whose
/// latest time is oldest go. A name that comes back brings a later time with it, so nothing that
/// was dropped could have mattered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastTimes(Vec<(Name, Timestamp)>);

impl LastTimes {
    pub fn add(&mut self, name: &str, at: Timestamp) {
        if !is_kept(name) {
            return;
        }
        match self
            .0
            .binary_search_by(|(known, _)| known.as_ref().cmp(name))
        {
            Ok(place) => {
                if let Some((_, last)) = self.0.get_mut(place) {
                    *last = at.max(*last);
                }
            }
            Err(place) => {
                self.0.insert(place, (name.into(), at));
                self.prune();
            }
        }
    }

    pub fn merge(&self, other: &Self) -> Self {
        let mut all = [self.0.as_slice(), other.0.as_slice()].concat();
        // Latest first within a name, so that the first of each name is the one to keep.
        all.sort_by(|a, b| (&a.0, b.1).cmp(&(&b.0, a.1)));
        all.dedup_by(|later, kept| later.0 == kept.0);
        let mut merged = Self(all);
        merged.prune();
        merged
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        self.0.iter().map(|(name, at)| (name.as_ref(), *at))
    }

    pub fn get(&self, name: &str) -> Option<Timestamp> {
        let place = self
            .0
            .binary_search_by(|(known, _)| known.as_ref().cmp(name))
            .ok()?;
        self.0.get(place).map(|(_, at)| *at)
    }

    pub fn forget_before(&mut self, kept_from: Timestamp) {
        self.0.retain(|(_, at)| *at >= kept_from);
    }

    fn prune(&mut self) {
        while self.0.len() > MAX_EVENT_NAMES {
            let oldest = self
                .0
                .iter()
                .enumerate()
                .min_by_key(|(_, (name, at))| (*at, name));
            let Some(place) = oldest.map(|(place, _)| place) else {
                return;
            };
            self.0.remove(place);
        }
    }
}

/// The latest name; of two at one instant the one later in the alphabet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Last(Option<(Timestamp, Name)>);

impl Last {
    pub fn see(&mut self, name: &Name, at: Timestamp) {
        if !is_kept(name) {
            return;
        }
        match &mut self.0 {
            Some((time, known)) if (*time, known.as_ref()) >= (at, name.as_ref()) => {}
            last => *last = Some((at, name.clone())),
        }
    }

    pub fn merge(&self, other: &Self) -> Self {
        Self(self.0.as_ref().max(other.0.as_ref()).cloned())
    }

    pub fn forget_before(&mut self, kept_from: Timestamp) {
        self.0 = self.0.take().filter(|(at, _)| *at >= kept_from);
    }

    pub fn name(&self) -> Option<&Name> {
        self.0.as_ref().map(|(_, name)| name)
    }
}

/// Too long a name is no name.
pub(super) fn is_kept(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME_BYTES
}

/// A name as it stands in a path: letters in lower case, digits, and one underscore for each run
/// of anything else. `Product Viewed` is `product_viewed`.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_alphanumeric() {
            slug.extend(letter.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.truncate(slug.trim_end_matches('_').len());
    slug
}
