//! What is told of a redeemable alone? Looked up only where its rules or formulas read it.

use offers::{Offer, Validity};
use rules::{Facts, Reads, Telling, Value};
use store::{Index, Kind, Page, View};
use wire::voucherify::{Metadata, metadata_facts};

use super::Till;
use crate::{
    api::{promotions, vouchers},
    configuration::Stored,
    problem::Refused,
    publishing::Publication,
    versioned,
    vouchers::{Issued, key},
};

const METADATA: &str = "redeemable.metadata.";
const OF_PUBLICATION: &str = "publication.metadata.";
const REDEEMED: &str = "voucher.redeemed_quantity";
/// Under which all of it stands.
const PREFIXES: [&str; 4] = ["redeemable.", "publication.", "voucher.", "promotion_tier."];

/// A code is given once; before that, giving it may have failed.
const LATEST: Page = Page {
    after: 0,
    limit: 10,
    newest_first: true,
};

impl Till<'_> {
    pub(super) async fn tell_own(&mut self) -> Result<(), Refused> {
        let mut offered = std::mem::take(&mut self.offered);
        for found in offered.iter_mut().filter_map(|one| one.found.as_mut()) {
            let reads = found.reads();
            if PREFIXES.iter().any(|prefix| reads.wants_under(prefix)) {
                found.own = match &found.issued {
                    Some((issued, _)) => of_voucher(self.people.view(), (issued, &reads)).await?,
                    None => self.of_tier((&found.offer, &reads))?,
                };
            }
        }
        self.offered = offered;
        Ok(())
    }

    fn of_tier(&self, (offer, reads): (&Offer, &Reads)) -> Result<Facts, Refused> {
        let mut telling = Telling::to(reads);
        let names = [
            "promotion_tier.start_date",
            "promotion_tier.expiration_date",
        ];
        tell_dates(&mut telling, (names, &offer.validity));
        if let Some(stored) = self.compiled.offers.get(&offer.id) {
            metadata_facts(METADATA, &promotions::metadata(stored)?, &mut telling);
        }
        Ok(telling.done())
    }
}

async fn of_voucher(
    view: &mut View,
    (issued, reads): (&Stored<Issued>, &Reads),
) -> Result<Facts, Refused> {
    let mut telling = Telling::to(reads);
    let voucher = &issued.thing.voucher;
    metadata_facts(METADATA, &vouchers::metadata(issued)?, &mut telling);
    let names = ["voucher.start_date", "voucher.expiration_date"];
    tell_dates(&mut telling, (names, &voucher.validity));
    telling.find("voucher.redemption_quantity", || {
        i64::try_from(voucher.quantity?).ok()
    });
    let given = issued.thing.holder().is_some();
    telling.tell("voucher.publish_count", i64::from(given));
    if reads.wants(REDEEMED) {
        let used = vouchers::used_so_far(view, voucher.id).await?;
        telling.tell(REDEEMED, i64::try_from(used).unwrap_or(i64::MAX));
    }
    if given && reads.wants_under(OF_PUBLICATION) {
        let said = said_of_publication(view, voucher.id.0).await?;
        metadata_facts(OF_PUBLICATION, &said, &mut telling);
    }
    Ok(telling.done())
}

fn tell_dates(telling: &mut Telling<'_>, ([from, until], of): ([&str; 2], &Validity)) {
    telling.find(from, || of.from.map(Value::Time));
    telling.find(until, || of.until.map(Value::Time));
}

/// What the shop said when it gave the code to somebody.
async fn said_of_publication(view: &mut View, voucher: u64) -> Result<Metadata, Refused> {
    let index = Index::PublicationsOfVoucher;
    let found = view.find(index, &key(voucher), LATEST).await?;
    let records = view.get_many(Kind::Publication, &found).await?;
    for record in records.iter().flatten() {
        let publication: Publication = versioned::read(&record.body)?;
        if publication.failure.is_none() {
            let said: Option<Metadata> = publication.metadata.read()?;
            return Ok(said.unwrap_or_default());
        }
    }
    Ok(Metadata::new())
}
