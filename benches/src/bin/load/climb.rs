//! Which rate comes next, until it is known which one is the highest that can be followed?

/// Steps between a rate that was followed and its double that was not.
const HALVINGS: u32 = 3;
/// Nobody follows more, or less is worth no step.
const MOST: f64 = 200_000.0;
const LEAST: f64 = 1.0;

/// Doubles until it is too much, or halves until it is not, then goes between.
pub struct Climb {
    next: f64,
    followed: Option<f64>,
    refused: Option<f64>,
    halvings: u32,
}

impl Climb {
    pub fn from(rate: f64) -> Self {
        Self {
            next: rate,
            followed: None,
            refused: None,
            halvings: HALVINGS,
        }
    }

    /// The rate to try, in requests a second; `None` when it is known.
    pub fn next(&self) -> Option<f64> {
        let is_known = self.halvings == 0 || !(LEAST..=MOST).contains(&self.next);
        (!is_known).then_some(self.next)
    }

    /// The highest that was followed.
    pub fn followed(&self) -> Option<f64> {
        self.followed
    }

    /// The rate that was tried was followed.
    pub fn follow(&mut self) {
        self.come_nearer();
        self.followed = Some(self.next);
        self.choose();
    }

    /// The rate that was tried was too much.
    pub fn refuse(&mut self) {
        self.come_nearer();
        self.refused = Some(self.next);
        self.choose();
    }

    fn come_nearer(&mut self) {
        let is_between = self.followed.is_some() && self.refused.is_some();
        self.halvings -= u32::from(is_between);
    }

    fn choose(&mut self) {
        self.next = match (self.followed, self.refused) {
            // Even steps on the scale of ratios.
            (Some(low), Some(high)) => (low * high).sqrt(),
            (Some(low), None) => low * 2.0,
            (None, Some(high)) => high / 2.0,
            (None, None) => self.next,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates that are tried where so many can be followed, and the one that is found.
    fn check(capacity: f64, tried: &[u32], found: Option<u32>) {
        let mut climb = Climb::from(100.0);
        let mut rates = Vec::new();
        while let Some(rate) = climb.next() {
            rates.push(rate as u32);
            match rate <= capacity {
                true => climb.follow(),
                false => climb.refuse(),
            }
        }
        assert_eq!(rates, tried);
        assert_eq!(climb.followed().map(|rate| rate as u32), found);
    }

    #[test]
    fn the_highest_rate_is_found_from_both_sides() {
        check(450.0, &[100, 200, 400, 800, 565, 475, 436], Some(436));
        check(30.0, &[100, 50, 25, 35, 29, 32], Some(29));
        check(0.0, &[100, 50, 25, 12, 6, 3, 1], None);
    }
}
