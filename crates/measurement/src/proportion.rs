//! How much did the treatment change the share of customers who did something?
use crate::student::{normal_critical, normal_two_sided};
use crate::{Design, Effect, Unready};
use serde::{Deserialize, Serialize};

/// How many units of one arm did it, of all its units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub successes: u64,
    pub n: u64,
}

/// Difference of two shares: 0.01 is one more in a hundred.
///
/// p by the pooled z test (Pearson 1900, its square is chi-square with one degree of freedom);
/// the interval is Newcombe 1998, method 10, from two Wilson 1927 intervals; the standard error
/// is the unpooled one. Errors: too few units, more successes than units, nobody or everybody.
pub fn proportion(
    design: &Design,
    control: &Counts,
    treatment: &Counts,
) -> Result<Effect, Unready> {
    design.check_level()?;
    let (c, t) = (Share::of(control)?, Share::of(treatment)?);
    let pooled = (c.successes + t.successes) / (c.n + t.n);
    let variance = pooled * (1.0 - pooled);
    if variance <= 0.0 {
        return Err(Unready::NoSpread);
    }
    let gap = t.share - c.share;
    let z = normal_critical(design.alpha());
    let ((c_low, c_high), (t_low, t_high)) = (c.wilson(z), t.wilson(z));
    Ok(Effect {
        estimate: gap,
        standard_error: (c.variance_of_mean() + t.variance_of_mean()).sqrt(),
        low: gap - (t.share - t_low).hypot(c_high - c.share),
        high: gap + (t_high - t.share).hypot(c.share - c_low),
        p: normal_two_sided(gap / (variance * (1.0 / c.n + 1.0 / t.n)).sqrt()),
    })
}

struct Share {
    successes: f64,
    n: f64,
    share: f64,
}

impl Share {
    fn of(counts: &Counts) -> Result<Share, Unready> {
        let Counts { successes, n } = *counts;
        if n < 2 {
            return Err(Unready::TooFew { n, needed: 2 });
        }
        if successes > n {
            return Err(Unready::MoreThanAll { successes, n });
        }
        let (successes, n) = (successes as f64, n as f64);
        Ok(Share {
            successes,
            n,
            share: successes / n,
        })
    }

    fn variance_of_mean(&self) -> f64 {
        self.share * (1.0 - self.share) / self.n
    }

    /// Wilson 1927: the shares that a score test at `z` would not reject.
    fn wilson(&self, z: f64) -> (f64, f64) {
        let square = z * z / self.n;
        let middle = (self.share + square / 2.0) / (1.0 + square);
        let reach = (square * (self.share * (1.0 - self.share) + square / 4.0)).sqrt();
        let reach = reach / (1.0 + square);
        (middle - reach, middle + reach)
    }
}
