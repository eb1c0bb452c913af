//! Which segments is the customer at the till in? It is worked out where a rule reads it.

use profiles::CustomerId;
use rules::{Condition, Path, Reads};

use super::Till;
use crate::{
    problem::Refused,
    segments::{self, FACT},
};

impl Till<'_> {
    /// Tells the segments where a rule in force reads them, or one of what was put forward: a
    /// voucher that stands alone has rules of its own.
    pub(super) async fn tell_segments(&mut self) -> Result<(), Refused> {
        let Some(customer) = self.customer else {
            return Ok(());
        };
        if self.facts.get(FACT).is_some() || !self.reads_segments() {
            return Ok(());
        }
        self.tell_segments_of(customer).await
    }

    /// Tells the segments where this reads them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tell_segments_to(&mut self, condition: &Condition) -> Result<(), Refused> {
        let is_segments = |path: Path| path.as_str() == FACT;
        let reads = condition.reads().into_iter().any(is_segments);
        match self
            .customer
            .filter(|_| reads && self.facts.get(FACT).is_none())
        {
            Some(customer) => self.tell_segments_of(customer).await,
            None => Ok(()),
        }
    }

    async fn tell_segments_of(&mut self, customer: CustomerId) -> Result<(), Refused> {
        let whose = (&mut self.people, customer, self.now);
        let told = (&self.compiled.segments, &Reads::everything());
        self.facts.extend(segments::told(whose, told).await?);
        Ok(())
    }

    fn reads_segments(&self) -> bool {
        let mut found = self.offered.iter().filter_map(|one| one.found.as_ref());
        self.compiled.snapshot.reads().wants(FACT) || found.any(|found| found.reads().wants(FACT))
    }
}
