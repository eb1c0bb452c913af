//! What does the catalogue add to what the order says of its goods? Looked up only where a rule, a
//! scope or a benefit in question asks for it, or where the answer names goods.

use offers::{Benefit, Offer, PRODUCT, Scope, Sku};
use rules::{Facts, Reads, Telling};
use wire::voucherify::{Named, metadata_facts};

use super::{For, Found, Till};
use crate::{
    goods::{self, Good},
    problem::Refused,
};

/// The collections that the goods of a line are in.
const COLLECTIONS: &str = "line.collections";
/// What lies under it may come from the order or from the catalogue.
const METADATA: &str = "line.metadata.";
/// Everything that the goods of a line are called.
const NAMES: &str = "line.names";

impl Till<'_> {
    /// Tells of each line what the catalogue knows, and what units cost that may join.
    pub(super) async fn look_at_shelf(&mut self) -> Result<(), Refused> {
        let found = self.offered.iter().filter_map(|one| one.found.as_ref());
        let wanted: Vec<Sku> = found.clone().flat_map(|one| joining(&one.offer)).collect();
        let names_goods = self.purpose != For::Using && found.clone().any(is_on_lines);
        let asks = names_goods || found.into_iter().any(asks_for_goods);
        if (!asks && wanted.is_empty()) || !goods::are_known(self.people.view()).await? {
            return Ok(());
        }
        // Invariant: the lines are the items that are no shipping, in their order.
        let items = self.input.items.iter().flatten();
        let items = items.filter(|item| !item.is_shipping());
        let mut names: Vec<Option<Named<'_>>> = items.map(|item| item.named()).collect();
        let lines = names.len();
        names.extend(wanted.iter().map(|sku| Some(Named::Product(&sku.0))));
        names.extend(wanted.iter().map(|sku| Some(Named::Sku(&sku.0))));
        let asked: Vec<Named<'_>> = names.iter().flatten().copied().collect();
        let mut known = goods::known(self.people.view(), &asked).await?.into_iter();
        let goods = names
            .iter()
            .map(|name| name.and_then(|_| known.next().flatten()));
        let mut goods: Vec<Option<Good>> = goods.collect();
        let joining = goods.split_off(lines.min(goods.len()));
        self.called = goods
            .iter()
            .map(|good| good.as_ref().map(Good::called))
            .collect();
        for (line, good) in self.order.lines.iter_mut().zip(&goods) {
            if let Some(good) = good {
                tell(&mut line.facts, good);
            }
        }
        let currency = self.order.currency;
        for (sku, good) in wanted.iter().chain(&wanted).zip(joining) {
            let Some(good) = good else { continue };
            let price = good.unit_price(currency);
            let prices = &mut self.order.prices;
            prices.extend(price.map(|price| (sku.clone(), price)));
            let lines = self.order.lines.iter().zip(&goods);
            let same =
                lines.filter(|(_, line)| line.as_ref().is_some_and(|line| is_one(line, &good)));
            if let Some((line, _)) = same.clone().next() {
                let found = self.offered.iter_mut().filter_map(|one| one.found.as_mut());
                found.for_each(|found| call(&mut found.offer, (sku, &line.sku)));
            }
        }
        Ok(())
    }
}

/// Whether an answer tells of which goods it takes something.
fn is_on_lines(found: &Found) -> bool {
    let is_on_all = matches!(found.offer.scope, Scope::Order);
    !is_on_all
        || matches!(
            found.offer.benefit,
            Benefit::UnitsFree(_) | Benefit::Exchange { .. }
        )
}

/// Whether it asks what only the catalogue knows.
fn asks_for_goods(found: &Found) -> bool {
    let reads = found.reads();
    reads.wants(COLLECTIONS) || reads.wants(NAMES) || reads.wants_under(METADATA)
}

/// The products of which units may join.
fn joining(offer: &Offer) -> Vec<Sku> {
    match &offer.benefit {
        Benefit::UnitsFree(units) => units.iter().map(|one| one.sku.clone()).collect(),
        Benefit::Exchange { sku, .. } => vec![sku.clone()],
        _ => Vec::new(),
    }
}

/// Whether two are one under different names: the same, or a product and one of its SKUs.
fn is_one(one: &Good, other: &Good) -> bool {
    let names = other.names();
    names.contains(&one.id.as_str()) || one.names().contains(&other.id.as_str())
}

/// What a benefit gives is called as the order calls it.
fn call(offer: &mut Offer, (sku, name): (&Sku, &Sku)) {
    match &mut offer.benefit {
        Benefit::UnitsFree(units) => {
            let units = units.iter_mut().filter(|one| one.sku == *sku);
            units.for_each(|one| one.sku = name.clone());
        }
        Benefit::Exchange { sku: one, .. } if one == sku => *one = name.clone(),
        _ => {}
    }
}

/// What the order says itself stands.
fn tell(facts: &mut Facts, good: &Good) {
    let reads = Reads::everything();
    let mut telling = Telling::to(&reads);
    if let Some(product) = &good.product {
        metadata_facts(METADATA, &product.metadata, &mut telling);
    }
    metadata_facts(METADATA, &good.metadata, &mut telling);
    let mut told = telling.done();
    told.extend(std::mem::take(facts));
    told.set(COLLECTIONS, names(&good.collections));
    told.set(NAMES, names(&good.names()));
    told.set(PRODUCT, good.product.as_deref().unwrap_or(good).id.as_str());
    *facts = told;
}

fn names(all: &[impl AsRef<str>]) -> Vec<&str> {
    all.iter().map(AsRef::as_ref).collect()
}
