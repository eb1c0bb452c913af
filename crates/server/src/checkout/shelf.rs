//! What does the catalogue add to what the order says of its goods? Looked up only where a rule, a
//! scope or a benefit in question asks for it.

use offers::{Benefit, Minor, Offer, Sku};
use rules::{Facts, Path, Reads, Telling};
use wire::voucherify::{Named, metadata_facts};

use super::{Found, Till};
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
        let asks = found.into_iter().any(asks_for_goods);
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
        let mut goods = names
            .iter()
            .map(|name| name.and_then(|_| known.next().flatten()));
        for (line, good) in self.order.lines.iter_mut().zip(goods.by_ref().take(lines)) {
            if let Some(good) = good {
                tell(&mut line.facts, &good);
            }
        }
        let wanted = wanted.iter().chain(&wanted).zip(goods);
        let prices = wanted.filter_map(|(sku, good)| Some((sku.clone(), good?.unit_price()?)));
        self.order.prices = prices.collect::<Vec<(Sku, Minor)>>();
        Ok(())
    }
}

/// Whether it asks what only the catalogue knows.
fn asks_for_goods(found: &Found) -> bool {
    let is_asked = |path: &Path| {
        let path = path.as_str();
        [COLLECTIONS, NAMES].contains(&path) || path.starts_with(METADATA)
    };
    let of_campaign = found.campaign.rule.reads();
    of_campaign.iter().any(is_asked) || found.offer.reads().any(|path| is_asked(&path))
}

/// The products of which units may join.
fn joining(offer: &Offer) -> Vec<Sku> {
    match &offer.benefit {
        Benefit::UnitsFree(units) => units.iter().map(|one| one.sku.clone()).collect(),
        Benefit::Exchange { sku, .. } => vec![sku.clone()],
        _ => Vec::new(),
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
    *facts = told;
}

fn names(all: &[impl AsRef<str>]) -> Vec<&str> {
    all.iter().map(AsRef::as_ref).collect()
}
