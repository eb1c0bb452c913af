//! What do the codes of a campaign give, and when, between two edits of it?

use serde::{Deserialize, Serialize};

use super::{CampaignCreate, PointsBack};
use crate::{
    time::{self, Timestamp},
    voucherify::{Discount, Gift},
};

/// What a code keeps of its campaign from the day that somebody has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditionInput {
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<Discount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gift: Option<Gift>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points_back: Option<PointsBack>,
    #[serde(with = "time::optional")]
    start_date: Option<Timestamp>,
    #[serde(with = "time::optional")]
    expiration_date: Option<Timestamp>,
    validity_timeframe: Option<serde_json::Value>,
    validity_day_of_week: Option<serde_json::Value>,
    validity_hours: Option<serde_json::Value>,
}

impl CampaignCreate {
    /// What of it codes keep.
    #[must_use]
    pub fn edition(&self) -> EditionInput {
        let config = self.voucher.as_ref();
        EditionInput {
            discount: config.and_then(|config| config.discount.clone()),
            gift: config.and_then(|config| config.gift),
            points_back: self.proffer.as_ref().and_then(|own| own.points_back),
            start_date: self.start_date,
            expiration_date: self.expiration_date,
            validity_timeframe: self.validity_timeframe.clone(),
            validity_day_of_week: self.validity_day_of_week.clone(),
            validity_hours: self.validity_hours.clone(),
        }
    }

    /// The same campaign under another edition.
    #[must_use]
    pub fn under(&self, edition: &EditionInput) -> Self {
        let mut under = self.clone();
        let edition = edition.clone();
        if let Some(config) = &mut under.voucher {
            config.discount = edition.discount;
            config.gift = edition.gift;
        }
        if let Some(own) = &mut under.proffer {
            own.points_back = edition.points_back;
        }
        under.start_date = edition.start_date;
        under.expiration_date = edition.expiration_date;
        under.validity_timeframe = edition.validity_timeframe;
        under.validity_day_of_week = edition.validity_day_of_week;
        under.validity_hours = edition.validity_hours;
        under
    }
}
