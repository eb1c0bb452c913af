//! What did the offer earn?
use crate::readout::against;
use crate::sample_ratio::pooled;
use crate::{Alarm, Arm, Design, Effect, Moments, Unready, estimate, sample_ratio};
use ledger::Minor;
use serde::{Deserialize, Serialize};

/// What the books say of one offer, in whole minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Revenue before discount of the orders that redeemed the offer, caused by it or not.
    pub attributed: Minor,
    pub goods: Minor,
    pub shipping: Minor,
    pub fees: Minor,
    pub discount: Minor,
    /// Value owed that lapsed unused.
    pub breakage: Minor,
    /// Value owed to customers and still outstanding.
    pub liability: Minor,
    /// How many redemptions, not money.
    pub redemptions: u64,
}

/// What was measured per customer of one arm over the attribution window, in signed minor units,
/// customers who did nothing counted as zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmOutcome {
    pub arm: Arm,
    /// revenue - goods - shipping - fees - discount, summed per customer before the moments.
    pub profit: Moments,
    /// Before discount.
    pub revenue: Moments,
    pub goods: Moments,
    pub shipping: Moments,
    pub fees: Moments,
    pub discount: Moments,
    /// One for a customer who bought what the offer is for, zero for one who did not.
    pub bought: Moments,
}

/// An offer's profit and loss: the books beside what the offer caused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub posted: Posted,
    /// Compared with the holdout, or why that cannot be said yet.
    pub incremental: Result<Increment, Unready>,
}

/// What the treated customers did together that they would not have done untreated, in minor
/// units: difference of means times treated customers.
///
/// Each interval is that of its own line. They cannot be added or subtracted, because the lines
/// of one customer go together; the interval of the profit is taken from the profit itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Increment {
    /// Customers of every arm that was not compared with.
    pub treated: u64,
    /// Customers of the arm compared with.
    pub held_out: u64,
    pub against: Arm,
    pub profit: Effect,
    pub revenue: Effect,
    pub goods: Line,
    pub shipping: Line,
    pub fees: Line,
    pub discount: Line,
    /// Buyers, not money.
    pub buyers: Line,
    /// Share of redemptions by customers who would have bought anyway; none without redemptions.
    pub subsidised_share: Option<f64>,
    /// Profit that those held out would have brought, had they been treated.
    pub cost_of_holdout: Effect,
}

/// One line of the increment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub total: f64,
    /// Low and high at the design's level; none where all customers of each arm are alike.
    pub interval: Option<(f64, f64)>,
}

/// Set the books beside the comparison of the arms.
///
/// What the books say is always shown; the increment only where the arms can be compared.
/// Its errors: as [`crate::readout`], and a sample-ratio mismatch.
#[must_use]
pub fn statement(design: &Design, posted: &Posted, arms: &[ArmOutcome]) -> Statement {
    Statement {
        posted: *posted,
        incremental: increment(design, posted, arms),
    }
}

fn increment(design: &Design, posted: &Posted, arms: &[ArmOutcome]) -> Result<Increment, Unready> {
    let profits: Vec<_> = arms
        .iter()
        .map(|outcome| (outcome.arm, outcome.profit))
        .collect();
    let ratio = sample_ratio(design, &profits)?;
    if ratio.alarm == Alarm::Mismatch {
        return Err(Unready::SampleRatioMismatch { p: ratio.p });
    }
    let sides = Sides {
        design,
        arms,
        against: against(design)?,
    };
    let (held, treated) = sides.of(|outcome| outcome.profit);
    let per_customer = estimate(design, &held, &treated)?;
    let buyers = sides.line(|outcome| outcome.bought)?;
    let redemptions = posted.redemptions as f64;
    Ok(Increment {
        treated: treated.n,
        held_out: held.n,
        against: sides.against,
        profit: per_customer.times(treated.n),
        revenue: sides.effect(|outcome| outcome.revenue)?,
        goods: sides.line(|outcome| outcome.goods)?,
        shipping: sides.line(|outcome| outcome.shipping)?,
        fees: sides.line(|outcome| outcome.fees)?,
        discount: sides.line(|outcome| outcome.discount)?,
        buyers,
        subsidised_share: (posted.redemptions > 0).then(|| 1.0 - buyers.total / redemptions),
        cost_of_holdout: per_customer.times(held.n),
    })
}

/// The two sides of the comparison: one arm against all others together.
struct Sides<'a> {
    design: &'a Design,
    arms: &'a [ArmOutcome],
    against: Arm,
}

impl Sides<'_> {
    /// One outcome of those not treated, and of those treated.
    fn of(&self, outcome: impl Fn(&ArmOutcome) -> Moments) -> (Moments, Moments) {
        let arms: Vec<_> = self
            .arms
            .iter()
            .map(|arm| (arm.arm, outcome(arm)))
            .collect();
        let is_held = |arm| arm == self.against;
        (pooled(&arms, is_held), pooled(&arms, |arm| !is_held(arm)))
    }

    fn effect(&self, outcome: impl Fn(&ArmOutcome) -> Moments) -> Result<Effect, Unready> {
        let (held, treated) = self.of(outcome);
        Ok(estimate(self.design, &held, &treated)?.times(treated.n))
    }

    fn line(&self, outcome: impl Fn(&ArmOutcome) -> Moments) -> Result<Line, Unready> {
        let (held, treated) = self.of(&outcome);
        match self.effect(outcome) {
            Ok(Effect {
                estimate,
                low,
                high,
                ..
            }) => Ok(Line {
                total: estimate,
                interval: Some((low, high)),
            }),
            // A fee that is the same for all has a total, only no spread.
            Err(Unready::NoSpread) => {
                let total = (treated.mean - held.mean) * treated.n as f64;
                Ok(Line {
                    total,
                    interval: None,
                })
            }
            Err(why) => Err(why),
        }
    }
}
