//! Which of what was put forward saves the most, within what the limits have left?

use offers::{Benefit, Best, Candidate, CapUnit, LeftOut, Minor, Priced, Refusal, Room, best};

use super::{Fate, Found, Offered, Quote, Till};

/// What a search found.
pub struct Searched {
    /// Places are those of what was put forward.
    pub best: Best,
    /// Of each that was put forward why it cannot be used by itself.
    pub refused: Vec<Option<Refusal>>,
    /// Of each what it saves by itself.
    pub alone: Vec<Option<Minor>>,
    /// How many were searched among.
    pub candidates: usize,
    /// See [`Quote::is_short`].
    pub is_short: bool,
}

impl Till<'_> {
    /// Searches among all that was put forward.
    #[must_use]
    pub fn best(&self) -> Searched {
        let quotes = self.offered.iter().map(|one| self.alone(one));
        let quotes: Vec<Quote> = quotes.collect();
        let usable = self.offered.iter().zip(&quotes).enumerate();
        let usable = usable.filter_map(|(place, (one, quote))| {
            let found = one.found.as_ref()?;
            let may_be = match quote.fates.first()? {
                Fate::Applied { .. } => true,
                Fate::Refused(refusal) => may_change(refusal),
            };
            may_be.then(|| (place, self.candidate(found)))
        });
        let (places, candidates): (Vec<usize>, Vec<Candidate<'_>>) = usable.unzip();
        let mut rules = self.rules.clone();
        rules.most = rules
            .most
            .min(self.compiled.stacking.said.redeemables_limit);
        let mut found = best(
            &self.order,
            &self.facts,
            &candidates,
            (self.asking(), &rules),
        );
        let combinations = std::iter::once(&mut found.chosen).chain(&mut found.runner_up);
        for place in combinations.flat_map(|one| &mut one.places) {
            *place = places.get(*place).copied().unwrap_or(usize::MAX);
        }
        let refused = quotes.iter().map(|quote| match quote.fates.first() {
            Some(Fate::Refused(refusal)) => Some(refusal.clone()),
            _ => None,
        });
        let pays = |one: &Offered| one.found.as_ref().is_some_and(Found::pays);
        let alone = self.offered.iter().zip(&quotes).map(|(one, quote)| {
            let applies = !quote.applied().is_empty() && !pays(one);
            applies.then(|| quote.priced.discounted())
        });
        Searched {
            refused: refused.collect(),
            alone: alone.collect(),
            candidates: candidates.len(),
            is_short: quotes.iter().any(|quote| quote.is_short),
            best: found,
        }
    }

    fn candidate<'f>(&'f self, found: &'f Found) -> Candidate<'f> {
        let limits = found.limits.iter().filter(|limit| !found.covers(limit));
        let counts_money = !found.pays();
        let limits =
            limits.filter(|limit| limit.counter.cap.unit != CapUnit::Money || counts_money);
        let room = |limit: &super::Left| Room {
            account: limit.counter.account.id,
            unit: limit.counter.cap.unit,
            left: limit.left,
            grant_remainder: limit.counter.cap.grant_remainder,
        };
        Candidate {
            presented: found.present(found.at_most()),
            limits: limits.map(room).collect(),
        }
    }

    /// Why one that could be used is not among the chosen, which save so much.
    #[must_use]
    pub fn why_not(&self, one: &Offered, (chosen, saves): (&[&Offered], Minor)) -> LeftOut {
        if one.found.as_ref().is_some_and(Found::pays) {
            return LeftOut::Pays;
        }
        let mut with: Vec<&Offered> = chosen.to_vec();
        with.push(one);
        let quote = self.together(&with);
        match quote.fates.last() {
            Some(Fate::Refused(refusal)) => LeftOut::Refused(refusal.clone()),
            _ => LeftOut::SavesLess(saves.saturating_sub(saved(&quote.priced))),
        }
    }
}

/// Whether others that apply may change it.
fn may_change(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::RuleNotMet(_)
            | Refusal::BelowMinimum { .. }
            | Refusal::NoMatchingLines
            | Refusal::NothingToPay
            | Refusal::NoEffect
    )
}

/// All that was taken off; none of them pays.
fn saved(priced: &Priced) -> Minor {
    priced.discounted()
}

impl Found {
    /// Whether it pays with money of the shopper's.
    #[must_use]
    pub fn pays(&self) -> bool {
        self.offer.benefit == Benefit::Credit
    }
}
