//! How are the codes of a removed campaign taken away?

use store::{Kind, Page, Write};

use super::{STRETCH, Stretch};
use crate::{
    api::{resources::At, validation_rules},
    problem::Refused,
    setup::writes,
    vouchers::{OF_CAMPAIGN, key, read, removal, under_both},
};

/// The next of them; the books keep what they gave.
///
/// # Errors
/// When the store cannot be read.
pub async fn stretch(at: At<'_>, campaign: u64) -> Result<Stretch, Refused> {
    let page = Page {
        after: 0,
        limit: STRETCH,
        newest_first: false,
    };
    let mut view = at.app.store().view(at.project)?;
    let found = under_both(&mut view, OF_CAMPAIGN, (campaign, page)).await?;
    let records = view.get_many(Kind::Voucher, &found).await?;
    let mut command = writes(at.project, Vec::new());
    for (id, record) in found.iter().zip(&records) {
        match record {
            Some(record) => {
                let issued = read(&record.body)?.thing;
                command.writes.extend(removal(&issued));
                if issued.asks.is_some() {
                    let gone = validation_rules::removals(at.app, at.project, *id).await?;
                    command.writes.extend(gone);
                }
            }
            None => command
                .writes
                .extend(OF_CAMPAIGN.map(|index| Write::Unlink {
                    index,
                    key: key(campaign),
                    id: *id,
                })),
        }
    }
    Ok(Stretch {
        is_last: found.len() < STRETCH as usize,
        ..Stretch::new(command, found.len() as u64)
    })
}
