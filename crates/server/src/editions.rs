//! Under which edition of its campaign does a code stand? An edit makes another edition, which
//! holds for the codes that nobody has or used yet; all others keep theirs. No code is written for
//! that: each notes the number of its edition when somebody is given it or first uses it, and what
//! an edition says is part of the configuration.

use std::collections::BTreeMap;

use offers::{Campaign, CampaignId, Offer, OfferId, Validity};
use serde::{Deserialize, Serialize};
use store::{Kind, View, Write};
use wire::voucherify::{Beside, CampaignCreate, EditionInput, Key};

use crate::{
    api::dialect::{malformed, refuse},
    configuration::{numbered, write},
    problem::Refused,
};

/// Editions of one campaign that differ.
const MOST: usize = 500;

/// All campaigns that were edited so that their codes would differ.
#[derive(Default)]
pub struct Editions(BTreeMap<CampaignId, Edited>);

/// The editions of one campaign, by their numbers. Two that say the same are one.
#[derive(Clone, Serialize, Deserialize)]
pub struct Edited {
    /// The number of the one in force.
    now: u32,
    all: Vec<Edition>,
}

/// What codes of a campaign give, and when.
#[derive(Clone, Serialize, Deserialize)]
pub struct Edition {
    said: EditionInput,
    pub validity: Validity,
    pub offer: Offer,
}

impl Editions {
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(view: &mut View) -> Result<Self, Refused> {
        let all = numbered(view, Kind::Editions).await?.into_iter();
        Ok(Self(
            all.map(|(id, edited)| (CampaignId(id), edited)).collect(),
        ))
    }

    /// The number of the edition of a campaign that is in force.
    #[must_use]
    pub fn now(&self, campaign: CampaignId) -> u32 {
        self.0.get(&campaign).map_or(0, |edited| edited.now)
    }

    /// The edition of this number; `None` where the one in force is meant.
    #[must_use]
    pub fn kept(&self, campaign: CampaignId, number: Option<u32>) -> Option<&Edition> {
        let edited = self.0.get(&campaign)?;
        let number = number.filter(|number| *number != edited.now)?;
        edited.all.get(usize::try_from(number).ok()?)
    }

    /// What an edit of a campaign with codes writes, beside the campaign; nothing where all that
    /// codes keep has always been the same.
    ///
    /// # Errors
    /// When there were too many, or the rules that hold now do not fit an edition before.
    pub fn edited(
        &self,
        (before, after): (&CampaignCreate, &CampaignCreate),
        (campaign, offer, beside): (CampaignId, OfferId, &Beside),
    ) -> Result<Option<Write>, Refused> {
        let known = self.0.get(&campaign).map(Edited::said);
        let mut said = known.unwrap_or_else(|| vec![before.edition()]);
        let now = number_of(&mut said, after.edition())?;
        if said.len() == 1 {
            return Ok(None);
        }
        let compiled = |said| Edition::compile(after, said, (campaign, offer, beside));
        let all = said.into_iter().map(compiled).collect::<Result<_, _>>()?;
        Ok(Some(Write::Put {
            kind: Kind::Editions,
            id: campaign.0,
            body: write(&Edited { now, all })?,
        }))
    }
}

impl Edited {
    fn said(&self) -> Vec<EditionInput> {
        self.all.iter().map(|one| one.said.clone()).collect()
    }
}

/// The number of an edition among those there are, the last where it is new.
fn number_of(all: &mut Vec<EditionInput>, edition: EditionInput) -> Result<u32, Refused> {
    let place = all.iter().position(|one| *one == edition);
    let number = place.unwrap_or(all.len());
    if place.is_none() {
        all.push(edition);
    }
    if all.len() > MOST {
        let details = format!(
            "the discount and the dates of one campaign can be set in {MOST} ways: make another"
        );
        return Err(refuse(Key::InvalidPayload, details));
    }
    u32::try_from(number).map_err(|error| Refused::Fault(error.to_string()))
}

impl Edition {
    /// Worked out under the rules that hold now: these are nobody's to keep.
    fn compile(
        campaign: &CampaignCreate,
        said: EditionInput,
        (id, offer, beside): (CampaignId, OfferId, &Beside),
    ) -> Result<Self, Refused> {
        let wrong = |wrong| malformed(&wrong);
        let input = campaign.under(&said);
        let campaign = input.to_campaign(id, beside).map_err(wrong)?;
        let offer = input.to_code_offer(&campaign, offer, beside);
        Ok(Self {
            said,
            validity: campaign.validity,
            offer: offer.map_err(wrong)?,
        })
    }

    /// The campaign as it is for the codes of this edition.
    #[must_use]
    pub fn campaign(&self, now: &Campaign) -> Campaign {
        Campaign {
            validity: self.validity.clone(),
            ..now.clone()
        }
    }
}
