//! How far out is a value under Student's t, and how far out is far?
use crate::Unready;
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::{erfc, erfc_inv};
use std::f64::consts::SQRT_2;

/// Beyond so many degrees of freedom the expansions below are exact to 1e-12.
const MANY: f64 = 1e6;

/// Student's t with some degrees of freedom.
pub(crate) struct Student {
    freedom: f64,
    exact: StudentsT,
}

impl Student {
    pub(crate) fn new(freedom: f64) -> Result<Student, Unready> {
        let exact = StudentsT::new(0.0, 1.0, freedom).map_err(|_| Unready::NotFinite)?;
        Ok(Student { freedom, exact })
    }

    /// The chance of a value at least as far from zero as `t`.
    /// Abramowitz and Stegun 1964, equation 26.7.8, for many degrees of freedom.
    pub(crate) fn two_sided(&self, t: f64) -> f64 {
        if self.freedom < MANY {
            return (2.0 * self.exact.sf(t.abs())).min(1.0);
        }
        let freedom = self.freedom;
        normal_two_sided(t * (1.0 - 0.25 / freedom) / (1.0 + t * t / (2.0 * freedom)).sqrt())
    }

    /// The value that chance passes, on either side, with probability `alpha`.
    /// Abramowitz and Stegun 1964, equation 26.7.5, for many degrees of freedom.
    pub(crate) fn critical(&self, alpha: f64) -> f64 {
        if self.freedom < MANY {
            return self.exact.inverse_cdf(1.0 - alpha / 2.0);
        }
        let z = normal_critical(alpha);
        z + (z * z * z + z) / (4.0 * self.freedom)
    }
}

/// The chance of a standard normal value at least as far from zero as `z`.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / SQRT_2)
}

/// The value a standard normal passes, on either side, with probability `alpha`.
pub(crate) fn normal_critical(alpha: f64) -> f64 {
    SQRT_2 * erfc_inv(alpha)
}
