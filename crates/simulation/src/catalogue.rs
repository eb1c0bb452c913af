//! What does the shop sell? Thirty products in six categories, each with its price and cost.

use ledger::Minor;

/// A product; money in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    pub sku: &'static str,
    pub category: &'static str,
    pub brand: &'static str,
    pub price: Minor,
    pub cost: Minor,
    /// How many arrive every Monday.
    pub weekly_stock: u32,
}

const fn product(
    (sku, category, brand): (&'static str, &'static str, &'static str),
    (price, cost): (Minor, Minor),
    weekly_stock: u32,
) -> Product {
    Product {
        sku,
        category,
        brand,
        price,
        cost,
        weekly_stock,
    }
}

/// Everything on the shelves.
pub const CATALOGUE: [Product; 30] = [
    product(("mug-blue", "kitchen", "Nordholm"), (1290, 510), 900),
    product(("mug-red", "kitchen", "Nordholm"), (1290, 510), 900),
    product(("teapot", "kitchen", "Nordholm"), (3490, 1550), 300),
    product(("pan-24", "kitchen", "Ferro"), (4990, 2600), 260),
    product(("knife-set", "kitchen", "Ferro"), (7990, 4200), 140),
    product(("coffee-dark", "coffee", "Alba"), (899, 470), 2000),
    product(("coffee-light", "coffee", "Alba"), (949, 490), 2000),
    product(("coffee-decaf", "coffee", "Alba"), (999, 540), 900),
    product(("grinder", "coffee", "Ferro"), (5990, 3100), 160),
    product(("filters", "coffee", "Alba"), (349, 120), 2500),
    product(("dog-food-3kg", "pets", "Bello"), (1899, 1150), 1200),
    product(("dog-treats", "pets", "Bello"), (499, 210), 2000),
    product(("cat-food-2kg", "pets", "Mio"), (1699, 1020), 1200),
    product(("cat-litter", "pets", "Mio"), (1099, 640), 1200),
    product(("dog-bed", "pets", "Bello"), (4490, 2050), 150),
    product(("soap", "bath", "Linde"), (599, 190), 2000),
    product(("shampoo", "bath", "Linde"), (899, 330), 1500),
    product(("towel", "bath", "Marsh"), (1990, 820), 700),
    product(("bathrobe", "bath", "Marsh"), (5490, 2400), 160),
    product(("candle", "bath", "Linde"), (1490, 480), 800),
    product(("tee-white", "clothes", "Marsh"), (1990, 700), 900),
    product(("tee-black", "clothes", "Marsh"), (1990, 700), 900),
    product(("hoodie", "clothes", "Marsh"), (4990, 2100), 350),
    product(("socks-3", "clothes", "Marsh"), (1190, 380), 1500),
    product(("raincoat", "clothes", "Vindar"), (8990, 4300), 120),
    product(("notebook", "paper", "Kant"), (790, 240), 1500),
    product(("pen-set", "paper", "Kant"), (1290, 430), 900),
    product(("calendar", "paper", "Kant"), (1590, 520), 500),
    product(("poster", "paper", "Kant"), (1490, 350), 700),
    product(("gift-wrap", "paper", "Kant"), (390, 110), 2500),
];

/// What delivery costs a shopper whose order is below [`FREE_DELIVERY_FROM`].
pub const DELIVERY_PRICE: Minor = 490;
/// What delivery costs the shop, always.
pub const DELIVERY_COST: Minor = 420;
pub const FREE_DELIVERY_FROM: Minor = 6000;
/// The payment provider's share of what is paid, in ppm.
pub const FEE_PPM: u64 = 19_000;
