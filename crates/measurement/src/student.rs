//! How far out is a value under Student's t, and how far out is far?
use crate::Unready;
use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};
use statrs::function::erf::{erfc, erfc_inv};
use std::f64::consts::SQRT_2;

/// From so many degrees of freedom on, the expansions below have more digits than the incomplete
/// beta function, which loses them as its parameters grow.
const MANY: f64 = 1e4;

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
    pub(crate) fn two_sided(&self, t: f64) -> f64 {
        if self.freedom < MANY {
            return (2.0 * self.exact.sf(t.abs())).min(1.0);
        }
        normal_two_sided(self.as_normal(t))
    }

    /// The normal value with the same chance. Hill 1970, Algorithm 395, the statement after
    /// `comment: asymptotic series`, good to 1e-11 in the far tail too.
    fn as_normal(&self, t: f64) -> f64 {
        let a = self.freedom - 0.5;
        let b = 48.0 * a * a;
        let y = a * (t * t / self.freedom).ln_1p();
        let tail = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b);
        ((tail + y + 3.0) / b + 1.0) * y.sqrt()
    }

    /// The value that chance passes, on either side, with probability `alpha`.
    pub(crate) fn critical(&self, alpha: f64) -> f64 {
        if self.freedom < MANY {
            return self.polished(self.exact.inverse_cdf(1.0 - alpha / 2.0), alpha);
        }
        // Abramowitz and Stegun 1964, equation 26.7.5.
        let (z, v) = (normal_critical(alpha), self.freedom);
        let g1 = (z.powi(3) + z) / 4.0;
        let g2 = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
        z + g1 / v + g2 / (v * v)
    }

    /// Newton's method, because the inverse of the incomplete beta function stops early.
    fn polished(&self, start: f64, alpha: f64) -> f64 {
        let step = |t: f64| t + (self.two_sided(t) - alpha) / (2.0 * self.exact.pdf(t));
        let better = step(step(start));
        if better.is_finite() { better } else { start }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: mpmath 1.4.1 at 40 digits, by the regularised incomplete beta function. The critical
    /// values for 0.05 and 0.001, then the chances of 1, 3 and 13.9.
    fn check(freedom: f64, [five, tenth, one, three, far]: [f64; 5]) {
        let t = Student::new(freedom).unwrap();
        for (actual, expected, digits) in [
            (t.critical(0.05), five, 1e-10),
            (t.critical(0.001), tenth, 1e-10),
            (t.two_sided(1.0), one, 1e-10),
            (t.two_sided(-3.0), three, 1e-10),
            (t.two_sided(13.9), far, 1e-8),
        ] {
            let gap = (actual / expected - 1.0).abs();
            assert!(gap < digits, "{freedom}: {actual} is not {expected}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn chances_and_critical_values_have_ten_digits() {
        check(1.0, [12.7062047361747, 636.6192487687196, 0.5, 0.2048327646991335,
            0.04572121220263614]);
        check(2.0, [4.302652729749464, 31.59905457644362, 0.4226497308103742,
            0.09546596626670913, 0.005135877003161227]);
        check(7.5, [2.333039626864975, 5.207725655800546, 0.3484760256307514,
            0.01839093860820451, 1.268616069713835e-6]);
        check(50.0, [2.008559112100761, 3.496012881811139, 0.3221256451002445,
            0.004201703187068247, 8.372166576077712e-19]);
        check(5243.625831807886, [1.960416497681092, 3.292383217190709, 0.3173566513513115,
            0.002712489714898332, 3.664360271397431e-43]);
        check(9999.0, [1.960201263621358, 3.291500063300932, 0.3173347067502574,
            0.00270644885571235, 1.60706240719525e-43]);
        check(10001.0, [1.960201216164641, 3.291499868601753, 0.3173347019110848,
            0.002706447524416199, 1.606766999652209e-43]);
        check(41792.92770657706, [1.96002074866014, 3.290759554520224, 0.3173162975811835,
            0.002701386957903294, 7.931737000552678e-44]);
        check(1e6, [1.959966356814107, 3.290536461248691, 0.3173107498335781,
            0.002699862541421797, 6.394135126176543e-44]);
    }
}
