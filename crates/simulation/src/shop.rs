//! What happens in the shop on a day? Shoppers come, look, are shown an offer or none, and buy or
//! leave; and beside each life runs the one without offers.

use ledger::{Minor, Timestamp};

use crate::{
    CATALOGUE, Chance, Nature, Product, Shopper,
    catalogue::{DELIVERY_COST, DELIVERY_PRICE, FEE_PPM, FREE_DELIVERY_FROM},
    shopper::Life,
};

pub const DAY_MS: i64 = 86_400_000;

/// Questions asked of chance.
mod ask {
    pub const NATURE: u32 = 1;
    pub const TASTE: u32 = 2;
    pub const VISITS: u32 = 3;
    pub const CONSENT: u32 = 4;
    pub const COMES: u32 = 5;
    pub const BUYS: u32 = 6;
    pub const HOUR: u32 = 7;
    pub const LINES: u32 = 8;
    /// And the numbers after it, one per line.
    pub const LINE: u32 = 100;
}

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub seed: u64,
    pub shoppers: u32,
    /// Midnight of the first day.
    pub start: Timestamp,
}

/// What lies in the cart: products with quantities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    pub lines: Vec<(&'static Product, u32)>,
    /// What delivery will cost the shopper.
    pub delivery: Minor,
}

impl Cart {
    fn new(lines: Vec<(&'static Product, u32)>) -> Self {
        let goods: Minor = lines
            .iter()
            .map(|(one, count)| one.price * Minor::from(*count))
            .sum();
        let delivery = if goods < FREE_DELIVERY_FROM {
            DELIVERY_PRICE
        } else {
            0
        };
        Self { lines, delivery }
    }

    #[must_use]
    pub fn goods(&self) -> Minor {
        self.lines
            .iter()
            .map(|(one, count)| one.price * Minor::from(*count))
            .sum()
    }

    #[must_use]
    pub fn cost(&self) -> Minor {
        self.lines
            .iter()
            .map(|(one, count)| one.cost * Minor::from(*count))
            .sum()
    }

    /// The payment provider's fee on what is paid, half up.
    #[must_use]
    pub fn fees(&self, discount: Minor) -> Minor {
        let paid = (self.goods() + self.delivery).saturating_sub(discount);
        (paid * FEE_PPM + 500_000) / 1_000_000
    }

    /// What the shop pays to deliver it.
    #[must_use]
    pub fn delivery_cost(&self) -> Minor {
        DELIVERY_COST
    }

    /// What the shop earns on it: paid − goods − delivery − fees.
    #[must_use]
    pub fn profit(&self, discount: Minor) -> i64 {
        let paid = (self.goods() + self.delivery).saturating_sub(discount);
        let spent = self.cost() + DELIVERY_COST + self.fees(discount);
        paid.cast_signed() - spent.cast_signed()
    }
}

/// A shopper is in the shop, with a cart they might buy.
#[derive(Clone, Debug)]
pub struct Visit {
    pub shopper: u32,
    pub day: u32,
    pub at: Timestamp,
    pub cart: Cart,
}

/// The shop with all its shoppers.
pub struct Shop {
    settings: Settings,
    chance: Chance,
    day: u32,
    stock: Vec<u32>,
    pub shoppers: Vec<Shopper>,
}

impl Shop {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let chance = Chance::new(settings.seed);
        let shoppers = (0..settings.shoppers)
            .map(|one| shopper(chance, one))
            .collect();
        let stock = CATALOGUE
            .iter()
            .map(|product| product.weekly_stock)
            .collect();
        Self {
            settings,
            chance,
            day: 0,
            stock,
            shoppers,
        }
    }

    #[must_use]
    pub fn day(&self) -> u32 {
        self.day
    }

    /// Who comes today, in the order they come. The lives without offers go through their day too.
    pub fn open(&mut self) -> Vec<Visit> {
        let mut visits = Vec::new();
        for (place, number) in (0..self.shoppers.len()).zip(0_u32..) {
            self.live_without_offers(place, number);
            let Some(shopper) = self.shoppers.get(place) else {
                continue;
            };
            let comes = shopper.comes(&shopper.lived, self.day);
            if self.chance.unit(number, self.day, ask::COMES) < comes {
                visits.push(self.visit(number, shopper.taste));
            }
        }
        visits.retain(|visit| !visit.cart.lines.is_empty());
        visits.sort_by_key(|visit| (visit.at, visit.shopper));
        visits
    }

    /// Whether the shopper buys, shown an offer worth so much on this cart (0: no offer).
    pub fn shown(&mut self, visit: &Visit, worth: Minor) -> bool {
        let season = self.season();
        let draw = self.chance.unit(visit.shopper, visit.day, ask::BUYS);
        let Some(shopper) = self.shoppers.get_mut(visit.shopper as usize) else {
            return false;
        };
        let depth = worth as f64 / visit.cart.goods().max(1) as f64;
        let buys = draw < shopper.buys(&shopper.lived, depth, season);
        shopper.lived.remember(depth);
        buys
    }

    /// The shopper bought the cart, paying so much less.
    pub fn bought(&mut self, visit: &Visit, discount: Minor) {
        let profit = visit.cart.profit(discount);
        if let Some(shopper) = self.shoppers.get_mut(visit.shopper as usize) {
            shopper.lived.buy(visit.day, profit);
        }
        for (product, count) in &visit.cart.lines {
            let place = CATALOGUE.iter().position(|one| one.sku == product.sku);
            if let Some(left) = place.and_then(|place| self.stock.get_mut(place)) {
                *left = left.saturating_sub(*count);
            }
        }
    }

    /// The day is over; on Mondays the shelves are filled.
    pub fn close(&mut self) {
        self.day += 1;
        if self.day.is_multiple_of(7) {
            self.stock = CATALOGUE
                .iter()
                .map(|product| product.weekly_stock)
                .collect();
        }
    }

    /// What the offers truly earned from these shoppers: lived minus the life without offers.
    #[must_use]
    pub fn truth(&self, is_counted: impl Fn(u32) -> bool) -> i64 {
        let counted = self
            .shoppers
            .iter()
            .zip(0_u32..)
            .filter(|(_, number)| is_counted(*number));
        counted
            .map(|(shopper, _)| shopper.lived.profit - shopper.twin.profit)
            .sum()
    }

    /// Weekends and the weeks before the end of the period are busier.
    fn season(&self) -> f64 {
        let weekend = if matches!(self.day % 7, 5 | 6) {
            1.15
        } else {
            0.95
        };
        let slow_wave = (f64::from(self.day) / 90.0 * std::f64::consts::TAU).sin();
        weekend * (1.0 + 0.12 * slow_wave)
    }

    fn visit(&self, number: u32, taste: usize) -> Visit {
        let moment = self
            .chance
            .below(14 * 3_600_000, (number, self.day, ask::HOUR));
        let at = self.settings.start
            + i64::from(self.day) * DAY_MS
            + 8 * 3_600_000
            + moment.cast_signed();
        Visit {
            shopper: number,
            day: self.day,
            at,
            cart: self.cart(number, taste, &self.stock),
        }
    }

    /// One to four lines, mostly of the shopper's taste, of what is in stock.
    fn cart(&self, number: u32, taste: usize, stock: &[u32]) -> Cart {
        let mut lines: Vec<(&'static Product, u32)> = Vec::new();
        let count = 1 + self.chance.below(4, (number, self.day, ask::LINES));
        for question in (ask::LINE..).take(usize::try_from(count).unwrap_or(1)) {
            let bits = self.chance.bits(number, self.day, question);
            let is_favourite = bits % 10 < 7;
            let pick = usize::try_from(bits >> 8).unwrap_or(0);
            let place = if is_favourite {
                taste * 5 + pick % 5
            } else {
                pick % CATALOGUE.len()
            };
            let in_stock = stock.get(place).is_some_and(|left| *left > 0);
            let Some(product) = CATALOGUE.get(place).filter(|_| in_stock) else {
                continue;
            };
            match lines.iter_mut().find(|(one, _)| one.sku == product.sku) {
                Some((_, count)) => *count += 1,
                None => lines.push((product, 1)),
            }
        }
        Cart::new(lines)
    }

    fn live_without_offers(&mut self, place: usize, number: u32) {
        let (season, day, chance) = (self.season(), self.day, self.chance);
        let Some(shopper) = self.shoppers.get(place).copied() else {
            return;
        };
        let comes = chance.unit(number, day, ask::COMES) < shopper.comes(&shopper.twin, day);
        let buys = chance.unit(number, day, ask::BUYS) < shopper.buys(&shopper.twin, 0.0, season);
        let mut twin: Life = shopper.twin;
        if comes {
            let cart = self.cart(number, shopper.taste, &self.stock);
            let is_sale = buys && !cart.lines.is_empty();
            twin.remember(0.0);
            if is_sale {
                twin.buy(day, cart.profit(0));
            }
        }
        if let Some(shopper) = self.shoppers.get_mut(place) {
            shopper.twin = twin;
        }
    }
}

fn shopper(chance: Chance, number: u32) -> Shopper {
    let nature = match chance.below(100, (number, 0, ask::NATURE)) {
        0..25 => Nature::SureThing,
        25..70 => Nature::Persuadable,
        70..92 => Nature::LostCause,
        _ => Nature::DoNotDisturb,
    };
    let taste = usize::try_from(chance.below(6, (number, 0, ask::TASTE))).unwrap_or(0);
    Shopper {
        nature,
        taste,
        visits: 0.03 + 0.09 * chance.unit(number, 0, ask::VISITS),
        consents: chance.unit(number, 0, ask::CONSENT) < 0.92,
        lived: Life::default(),
        twin: Life::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(seed: u64) -> Shop {
        Shop::new(Settings {
            seed,
            shoppers: 400,
            start: 0,
        })
    }

    /// Plays thirty days in which every visitor is shown an offer worth a share of the cart.
    fn play(shop: &mut Shop, percent: Minor) {
        for _ in 0..30 {
            for visit in shop.open() {
                let worth = visit.cart.goods() * percent / 100;
                if shop.shown(&visit, worth) {
                    shop.bought(&visit, worth);
                }
            }
            shop.close();
        }
    }

    #[test]
    fn without_offers_both_lives_are_the_same() {
        let mut shop = shop(1);
        play(&mut shop, 0);
        assert_eq!(shop.truth(|_| true), 0);
        assert!(shop.shoppers.iter().any(|shopper| shopper.lived.orders > 0));
        assert!(
            shop.shoppers
                .iter()
                .all(|shopper| shopper.lived == shopper.twin)
        );
    }

    #[test]
    fn offers_pay_with_persuadables_only() {
        let mut shop = shop(2);
        play(&mut shop, 10);
        let of = |nature| {
            let natures: Vec<Nature> = shop.shoppers.iter().map(|one| one.nature).collect();
            shop.truth(|number| natures[number as usize] == nature)
        };
        assert!(of(Nature::Persuadable) > 0);
        assert!(of(Nature::SureThing) < 0);
        assert!(of(Nature::DoNotDisturb) < 0);
    }

    #[test]
    fn the_same_seed_plays_the_same() {
        let (mut left, mut right) = (shop(3), shop(3));
        play(&mut left, 15);
        play(&mut right, 15);
        assert_eq!(left.shoppers, right.shoppers);
    }
}
