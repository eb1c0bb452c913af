//! What happened? A grocer's campaigns, who was mailed, which products a code covers, who used it,
//! and what they bought that day.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::Path,
};

use serde::Deserialize;

use crate::files::{each, instant, minor};

pub const DAY_MS: i64 = 86_400_000;

/// A mailing with its codes.
pub struct Mailing {
    pub id: String,
    /// A, B or C.
    pub kind: String,
    /// The first millisecond of its first day.
    pub from: i64,
    /// The last millisecond of its last day.
    pub until: i64,
    /// The households that got it.
    pub mailed: BTreeSet<String>,
}

/// One use of a code, as it happened.
pub struct Use {
    pub household: String,
    pub campaign: String,
    pub code: String,
    pub date: String,
}

/// A visit to the till.
#[derive(Default)]
pub struct Visit {
    pub at: i64,
    pub lines: Vec<Bought>,
}

#[derive(Clone)]
pub struct Bought {
    pub product: String,
    pub quantity: u64,
    /// What the line came to, in minor units.
    pub paid: u64,
    /// What codes took off the line, in minor units.
    pub taken: u64,
}

#[derive(Default)]
pub struct Data {
    pub mailings: Vec<Mailing>,
    /// Everybody in the sample.
    pub households: BTreeSet<String>,
    /// The products that each code covers.
    pub covers: BTreeMap<String, Vec<String>>,
    /// The codes that cover each product.
    pub codes: HashMap<String, Vec<String>>,
    pub uses: Vec<Use>,
    /// Of the households and days that have a use: by date and household, then by number.
    pub visits: HashMap<(String, String), BTreeMap<String, Visit>>,
}

/// A code is printed for one campaign: the same number in another one is another code.
fn code_of(campaign: &str, upc: &str) -> String {
    format!("{campaign}-{upc}")
}

impl Data {
    /// # Errors
    /// When a file cannot be read or says what it should not.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let mut data = Self::default();
        data.read_mailings(folder)?;
        data.read_households(folder)?;
        data.read_covers(folder)?;
        data.read_uses(folder)?;
        data.read_visits(folder)?;
        Ok(data)
    }

    pub fn mailing(&self, id: &str) -> Option<&Mailing> {
        self.mailings.iter().find(|mailing| mailing.id == id)
    }

    fn read_mailings(&mut self, folder: &Path) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Described {
            campaign_id: String,
            campaign_type: String,
            start_date: String,
            end_date: String,
        }
        #[derive(Deserialize)]
        struct Mailed {
            campaign_id: String,
            household_id: String,
        }
        let mut mailed: HashMap<String, BTreeSet<String>> = HashMap::new();
        each(&folder.join("campaigns.csv"), |row: Mailed| {
            mailed
                .entry(row.campaign_id)
                .or_default()
                .insert(row.household_id);
            Ok(())
        })?;
        each(
            &folder.join("campaign_descriptions.csv"),
            |row: Described| {
                self.mailings.push(Mailing {
                    kind: row.campaign_type.replace("Type ", ""),
                    from: instant(&row.start_date)?,
                    until: instant(&row.end_date)? + DAY_MS - 1,
                    mailed: mailed.remove(&row.campaign_id).unwrap_or_default(),
                    id: row.campaign_id,
                });
                Ok(())
            },
        )
    }

    fn read_households(&mut self, folder: &Path) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Row {
            household_id: String,
        }
        each(&folder.join("demographics.csv"), |row: Row| {
            self.households.insert(row.household_id);
            Ok(())
        })
    }

    fn read_covers(&mut self, folder: &Path) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Row {
            #[serde(rename = "coupon_upc")]
            upc: String,
            product_id: String,
            campaign_id: String,
        }
        each(&folder.join("coupons.csv"), |row: Row| {
            let code = code_of(&row.campaign_id, &row.upc);
            let codes = self.codes.entry(row.product_id.clone()).or_default();
            codes.push(code.clone());
            self.covers.entry(code).or_default().push(row.product_id);
            Ok(())
        })
    }

    fn read_uses(&mut self, folder: &Path) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Row {
            household_id: String,
            #[serde(rename = "coupon_upc")]
            upc: String,
            campaign_id: String,
            redemption_date: String,
        }
        each(&folder.join("coupon_redemptions.csv"), |row: Row| {
            self.uses.push(Use {
                code: code_of(&row.campaign_id, &row.upc),
                household: row.household_id,
                campaign: row.campaign_id,
                date: row.redemption_date,
            });
            Ok(())
        })
    }

    fn read_visits(&mut self, folder: &Path) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Row<'a> {
            household_id: &'a str,
            #[serde(rename = "basket_id")]
            visit: &'a str,
            product_id: &'a str,
            quantity: u64,
            sales_value: &'a str,
            #[serde(rename = "coupon_disc")]
            taken: &'a str,
            transaction_timestamp: &'a str,
        }
        let days: HashSet<(&str, &str)> = self
            .uses
            .iter()
            .map(|one| (one.household.as_str(), one.date.as_str()))
            .collect();
        let visits = &mut self.visits;
        crate::files::each_in_place(&folder.join("transactions.csv.gz"), |record, heading| {
            let row: Row<'_> = record
                .deserialize(Some(heading))
                .map_err(|e| e.to_string())?;
            let date = row.transaction_timestamp.get(..10).unwrap_or_default();
            if !days.contains(&(row.household_id, date)) {
                return Ok(());
            }
            let key = (row.household_id.to_owned(), date.to_owned());
            let visit = visits.entry(key).or_default().entry(row.visit.to_owned());
            let visit = visit.or_default();
            visit.at = visit.at.max(instant(row.transaction_timestamp)?);
            visit.lines.push(Bought {
                product: row.product_id.to_owned(),
                quantity: row.quantity,
                paid: minor(row.sales_value)?,
                taken: minor(row.taken)?,
            });
            Ok(())
        })
    }
}
