//! Where did a campaign's money go? Its accounts, its latest transfers, and whether they balance.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Html,
};
use ledger::{Account, AccountId, Asset, Kind as Movement, PendingState};
use offers::{
    Campaign,
    chart::{AccountKind, Reason},
};
use store::{Page, ProjectId, SavedTransfer, TransferFilter};

use super::{
    Shell, campaigns, figures,
    look::{Moment, moment, money, number},
    show,
    sign_in::Visitor,
};
use crate::{app::App, problem::Refused};

/// The transfers of so many accounts are read for the list of the latest.
const READ_ACCOUNTS: usize = 200;
const PER_ACCOUNT: u32 = 30;
const SHOWN: usize = 40;

#[derive(Template)]
#[template(path = "ledger.html")]
struct Ledger {
    shell: Shell,
    name: String,
    href: String,
    books: Vec<Books>,
    transfers: Vec<TransferRow>,
    is_cut: bool,
}

/// The accounts of one asset, by line of the chart.
struct Books {
    asset: String,
    rows: Vec<AccountRow>,
    total: AccountRow,
    is_balanced: bool,
}

struct AccountRow {
    name: String,
    meaning: &'static str,
    accounts: String,
    debits_pending: String,
    debits_posted: String,
    credits_pending: String,
    credits_posted: String,
}

struct TransferRow {
    at: Moment,
    reason: &'static str,
    debit: String,
    credit: String,
    amount: String,
    state: &'static str,
    until: Option<Moment>,
}

pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Html<String>, Refused> {
    let project = visitor.project;
    let compiled = app.compiled(project).await?;
    let id = campaigns::id_of(&name)?;
    let campaign = compiled.campaigns.get(&id);
    let campaign = &campaign.ok_or_else(|| campaigns::missing(&name))?.thing;
    let (accounts, is_cut) = figures::books(&app, project, campaign).await?;
    show(&Ledger {
        shell: Shell::of("campaigns", &visitor),
        name: campaign.name.to_string(),
        href: campaigns::href(id),
        books: books(&accounts, campaign),
        transfers: latest(&app, project, (&accounts, campaign)).await?,
        is_cut,
    })
}

/// Both sides of some accounts.
#[derive(Clone, Copy, Default)]
struct Sides {
    accounts: u64,
    debits_pending: u64,
    debits_posted: u64,
    credits_pending: u64,
    credits_posted: u64,
}

impl Sides {
    fn add(&mut self, account: &Account) {
        self.accounts += 1;
        let sum = |to: &mut u64, amount: u64| *to = to.saturating_add(amount);
        sum(&mut self.debits_pending, account.debits.pending);
        sum(&mut self.debits_posted, account.debits.posted);
        sum(&mut self.credits_pending, account.credits.pending);
        sum(&mut self.credits_posted, account.credits.posted);
    }

    fn row(&self, (name, meaning): (String, &'static str), asset: Asset) -> AccountRow {
        AccountRow {
            name,
            meaning,
            accounts: number(self.accounts),
            debits_pending: amount(self.debits_pending, asset),
            debits_posted: amount(self.debits_posted, asset),
            credits_pending: amount(self.credits_pending, asset),
            credits_posted: amount(self.credits_posted, asset),
        }
    }
}

fn books(accounts: &[Account], campaign: &Campaign) -> Vec<Books> {
    let mut assets: BTreeMap<Asset, BTreeMap<u16, Sides>> = BTreeMap::new();
    let money = Asset::Currency(campaign.currency);
    assets.entry(money).or_default();
    for account in accounts {
        let of_asset = assets.entry(account.asset).or_default();
        of_asset.entry(account.id.kind).or_default().add(account);
    }
    let filled = assets.into_iter().filter(|(_, kinds)| !kinds.is_empty());
    filled
        .map(|(asset, kinds)| {
            let mut total = Sides::default();
            let of_asset = accounts.iter().filter(|account| account.asset == asset);
            of_asset.for_each(|account| total.add(account));
            Books {
                asset: asset_name(asset),
                rows: kinds
                    .into_iter()
                    .map(|(kind, sides)| sides.row(line_of_chart(kind), asset))
                    .collect(),
                is_balanced: total.debits_posted == total.credits_posted
                    && total.debits_pending == total.credits_pending,
                total: total.row(("All accounts".into(), ""), asset),
            }
        })
        .collect()
}

fn line_of_chart(kind: u16) -> (String, &'static str) {
    offers::chart::entries()
        .find(|entry| entry.number == kind)
        .map_or(("not on the chart".into(), ""), |entry| {
            (entry.name, entry.meaning)
        })
}

fn asset_name(asset: Asset) -> String {
    match asset {
        Asset::Currency(currency) => String::from_utf8_lossy(&currency.0).into_owned(),
        Asset::Points(_) => "points".into(),
        Asset::Uses => "uses".into(),
        Asset::Touches => "touches".into(),
    }
}

fn amount(minor: u64, asset: Asset) -> String {
    match asset {
        Asset::Currency(currency) => money(minor, currency),
        Asset::Points(_) | Asset::Uses | Asset::Touches => number(minor),
    }
}

/// The newest transfers that touch the campaign's accounts: those that everybody shares first,
/// then as many of the customers' own as are read.
async fn latest(
    app: &App,
    project: ProjectId,
    (accounts, campaign): (&[Account], &Campaign),
) -> Result<Vec<TransferRow>, Refused> {
    let assets: BTreeMap<AccountId, Asset> = accounts
        .iter()
        .map(|account| (account.id, account.asset))
        .collect();
    let mut read: Vec<AccountId> = assets.keys().copied().collect();
    read.sort_by_key(|id| (id.party != 0, id.kind));
    read.truncate(READ_ACCOUNTS);
    let mut found: Vec<SavedTransfer> = Vec::new();
    let mut known = BTreeSet::new();
    for id in read {
        let page = Page {
            after: 0,
            limit: PER_ACCOUNT,
            newest_first: true,
        };
        let filter = TransferFilter::Account(id);
        let of = app.store().transfers(project, filter, page).await?;
        found.extend(
            of.into_iter()
                .filter(|saved| known.insert(saved.transfer.id)),
        );
    }
    found.sort_by_key(|saved| std::cmp::Reverse((saved.at, saved.transfer.id)));
    found.truncate(SHOWN);
    let asset = |id: &AccountId| {
        let money = Asset::Currency(campaign.currency);
        assets.get(id).copied().unwrap_or(money)
    };
    Ok(found
        .iter()
        .map(|saved| TransferRow::of(saved, asset(&saved.transfer.debit)))
        .collect())
}

impl TransferRow {
    fn of(saved: &SavedTransfer, asset: Asset) -> Self {
        let transfer = &saved.transfer;
        let (state, until) = state(saved);
        Self {
            at: moment(saved.at),
            reason: Reason::of(transfer.code).map_or("not on the chart", Reason::name),
            debit: account_name(transfer.debit),
            credit: account_name(transfer.credit),
            amount: amount(transfer.amount, asset),
            state,
            until: until.map(moment),
        }
    }
}

fn account_name(id: AccountId) -> String {
    AccountKind::of(id).map_or("not on the chart".into(), AccountKind::name)
}

fn state(saved: &SavedTransfer) -> (&'static str, Option<i64>) {
    match (saved.transfer.kind, saved.state) {
        (Movement::Direct, _) => ("posted", None),
        (Movement::Post { .. }, _) => ("posted what was held", None),
        (Movement::Void { .. }, _) => ("let go", None),
        (Movement::Pending { .. }, Some(PendingState::Posted)) => ("held, then posted", None),
        (Movement::Pending { .. }, Some(PendingState::Voided)) => ("held, then let go", None),
        (Movement::Pending { .. }, Some(PendingState::Expired)) => ("held, then expired", None),
        (Movement::Pending { expires_at }, _) => ("held until", Some(expires_at)),
    }
}
