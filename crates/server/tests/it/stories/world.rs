//! The server as the world of a story: a fresh shop, its sandbox, and the story's clock.

mod shop;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use axum::http::{Method, StatusCode};
use measurement::{Arm, UnitId, assign};
use offers::{CapUnit, Reach, chart::Occasion};
use profiles::{Identifier, IdentifierKind};
use serde_json::{Value, json};
use server::{client::Client, people::People, replay, setup::SANDBOX};
use simulation::story::world::{
    Answer, Asked, Brought, Budget, CampaignTerms, Caused, CodeTerms, ConsentTerms, Decided, Event,
    GiftCard, GiftTerms, Granted, GuardrailTerms, Minor, NeedsCode, Order, PolicyTerms, Ppm,
    Quoted, Replay, Side, Statement, Taken, Timestamp, Trouble, Unit, World,
};
use tokio::runtime::Runtime;
use wire::ids::{self, Tag};

use super::{behind::Books, spoken, told};
use crate::{shop::Shop, webhooks::Receiver};

/// The campaign of the gift cards that pay for whole orders; that of others bears the name of the
/// category that they pay for.
const GIFT_CARDS: &str = "GIFT-CARDS";
/// A validation holds for half an hour.
const HELD_MINUTES: u64 = 30;

pub struct Http {
    // Before the runtime, which it lives in.
    shop: Shop,
    runtime: Runtime,
    now: Timestamp,
    messages: u64,
    campaigns: BTreeMap<String, u64>,
    /// Offers that need no code, by the name of their campaign.
    tiers: Vec<(String, String)>,
    /// Campaigns of gift cards.
    of_cards: BTreeSet<String>,
    guardrails: Value,
    /// Names that stand for devices.
    devices: BTreeSet<String>,
    /// The shop's own ids of its customers.
    names: BTreeMap<String, String>,
    /// Registered while somebody on the other side was looked for.
    spare: BTreeMap<bool, Vec<String>>,
    decided: BTreeMap<String, String>,
    orders: BTreeMap<u64, Till>,
    /// The call that takes back by itself what was used on an order.
    used: BTreeMap<(u64, String), String>,
    /// The cards of members, by who has them and the programme.
    cards: BTreeMap<(String, String), String>,
    /// What earns points, and what has points pay, by the programme.
    rules: BTreeMap<String, String>,
    coins: BTreeMap<String, String>,
    rewards: BTreeMap<(String, String), String>,
    /// Who is told by the webhook.
    receiver: Option<Receiver>,
}

/// An order as it was validated.
struct Till {
    who: String,
    order: Order,
    /// What applied.
    redeemables: Vec<Value>,
    quoted: Quoted,
    /// The call that takes it back, once it is paid.
    paid: Option<String>,
    /// List price of the goods that came back.
    back: Minor,
}

fn fault(what: impl Into<String>) -> Trouble {
    Trouble::Fault(what.into())
}

impl Http {
    /// A shop for the story of this text.
    pub fn open(text: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let signs_in = |line: &str| {
            line.split_once(" signs in on ")
                .map(|(_, device)| device.trim().to_owned())
        };
        Self {
            shop: runtime.block_on(Shop::start()),
            runtime,
            now: 0,
            messages: 0,
            campaigns: BTreeMap::new(),
            tiers: Vec::new(),
            of_cards: BTreeSet::new(),
            guardrails: json!({}),
            devices: text.lines().filter_map(signs_in).collect(),
            names: BTreeMap::new(),
            spare: BTreeMap::new(),
            decided: BTreeMap::new(),
            orders: BTreeMap::new(),
            used: BTreeMap::new(),
            cards: BTreeMap::new(),
            rules: BTreeMap::new(),
            coins: BTreeMap::new(),
            rewards: BTreeMap::new(),
            receiver: None,
        }
    }

    fn wait<T>(&self, of: impl Future<Output = T>) -> T {
        self.runtime.block_on(of)
    }

    fn client(&self) -> Client {
        self.shop.at(self.now)
    }

    fn get(&self, path: &str) -> Answer<Value> {
        self.may_get(path)?
            .ok_or_else(|| fault(format!("there is no {path}")))
    }

    fn may_get(&self, path: &str) -> Answer<Option<Value>> {
        match self.wait(self.client().get(path)).map_err(fault)? {
            (StatusCode::OK, answer) => Ok(Some(answer)),
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, answer) => Err(fault(format!("{path}: {status} {answer}"))),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Answer<Value> {
        done(
            path,
            self.wait(self.client().post(path, body)).map_err(fault)?,
        )
    }

    fn put(&self, path: &str, body: &Value) -> Answer<Value> {
        done(
            path,
            self.wait(self.client().put(path, body)).map_err(fault)?,
        )
    }

    fn delete(&self, path: &str) -> Answer<()> {
        let authorization = format!("Bearer {}", self.shop.sandbox_key);
        let now = wire::time::format(self.now).unwrap_or_default();
        let headers = [
            ("authorization", authorization.as_str()),
            ("proffer-now", now.as_str()),
        ];
        let (status, _, answer) = self.wait(self.shop.raw((Method::DELETE, path), &headers, ""));
        if status.is_success() {
            return Ok(());
        }
        Err(fault(format!("{path}: {status} {answer}")))
    }

    /// Tells what happened, and hears at once of what cannot be read.
    fn track(&mut self, events: Vec<Value>) -> Answer<()> {
        let client = self.client().with("x-strict-mode", "1");
        let answer = self.wait(client.post("/v1/batch", &json!({"batch": events})));
        done("/v1/batch", answer.map_err(fault)?).map(|_| ())
    }

    fn event(&mut self, who: &str, (name, properties): (&str, Value)) -> Answer<Value> {
        self.messages += 1;
        let mut event = self.whose(who)?;
        event["type"] = json!("track");
        event["event"] = json!(name);
        event["properties"] = properties;
        event["messageId"] = json!(format!("message-{}", self.messages));
        Ok(event)
    }

    /// Whose an event is: a device's or a customer's.
    fn whose(&mut self, who: &str) -> Answer<Value> {
        if self.devices.contains(who) {
            return Ok(json!({"anonymousId": who}));
        }
        Ok(json!({"userId": self.source(who)?}))
    }

    /// The shop's own id of a customer, registered when the name is heard first.
    fn source(&mut self, who: &str) -> Answer<String> {
        if let Some(source) = self.names.get(who) {
            return Ok(source.clone());
        }
        self.post("/v1/customers", &json!({"source_id": who}))?;
        self.names.insert(who.to_owned(), who.to_owned());
        Ok(who.to_owned())
    }

    /// The name a customer goes by, whether the server knows them or not.
    fn named(&self, who: &str) -> String {
        let source = self.names.get(who);
        source.cloned().unwrap_or_else(|| who.to_owned())
    }

    /// How a customer is named in a path, registered when the name is heard first.
    fn key(&mut self, who: &str) -> Answer<String> {
        if !self.devices.contains(who) {
            return self.source(who);
        }
        self.known(who)
    }

    /// How a customer is named in a path; a device by the number that is kept for it.
    fn known(&self, who: &str) -> Answer<String> {
        if !self.devices.contains(who) {
            return Ok(self.named(who));
        }
        let found = self.wait(async {
            let device = Identifier::new(IdentifierKind::Anonymous, who)?;
            let mut people = People::open(&self.shop.app, SANDBOX).ok()?;
            people.find(&device).await.ok()?
        });
        Ok(found.map_or_else(|| who.to_owned(), |id| ids::format(Tag::Customer, id.0)))
    }

    fn number(&mut self, who: &str) -> Answer<u64> {
        let key = self.key(who)?;
        let customer = self.get(&format!("/v1/customers/{key}"))?;
        number(Tag::Customer, &customer["id"])
    }

    fn campaign(&self, name: &str) -> Answer<u64> {
        let found = self.campaigns.get(name).copied();
        found.ok_or_else(|| fault(format!("there is no campaign {name}")))
    }

    fn books(&self) -> Books<'_> {
        Books(&self.shop.app)
    }

    fn make_campaign(&mut self, name: &str, body: &Value) -> Answer<Value> {
        let made = self.post("/v1/campaigns", body)?;
        let id = number(Tag::Campaign, &made["id"])?;
        self.campaigns.insert(name.to_owned(), id);
        Ok(made)
    }

    /// One customer more; which side chance put them on, and their name.
    fn candidate(&mut self) -> Answer<(bool, String)> {
        let spares = self.spare.values().map(Vec::len).sum::<usize>();
        let source = format!("candidate-{}-{spares}", self.names.len());
        let made = self.post("/v1/customers", &json!({"source_id": source}))?;
        let id = number(Tag::Customer, &made["id"])?;
        let compiled = self.wait(self.shop.app.compiled(SANDBOX));
        let compiled = compiled.map_err(|refused| fault(format!("{refused:?}")))?;
        let arm = assign(&compiled.decisioning.design, UnitId(id));
        Ok((arm == Arm::Holdout, source))
    }

    async fn asked(client: Client, body: Value) -> Result<(Value, Value), String> {
        let (status, answer) = client.post("/v1/decisions", &body).await?;
        let id = told::text(&answer["id"]);
        let (found, trace) = client.get(&format!("/v1/decisions/{id}")).await?;
        if status == StatusCode::OK && found == StatusCode::OK {
            return Ok((answer, trace));
        }
        Err(format!("{status} {answer}, {found} {trace}"))
    }

    /// Whose code it is: its campaign's, or of a gift card its own.
    fn by(&self, code: &str) -> Answer<String> {
        let voucher = self.may_get(&format!("/v1/vouchers/{code}"))?;
        let campaign = voucher
            .as_ref()
            .and_then(|voucher| voucher["campaign"].as_str());
        let campaign = campaign.filter(|name| !self.of_cards.contains(*name));
        Ok(campaign.unwrap_or(code).to_owned())
    }

    fn till(&self, number: u64) -> Answer<&Till> {
        let found = self.orders.get(&number);
        found.ok_or_else(|| fault(format!("order {number} was not validated")))
    }

    fn session(number: u64, minutes: u64) -> Value {
        json!({"type": "LOCK", "key": spoken::name(number), "ttl": minutes, "ttl_unit": "MINUTES"})
    }

    /// Validates until nothing is refused: what is refused is put aside, and the rest asked again.
    fn settle(&self, (who, order): (&str, &Order), puts: &[Put]) -> Answer<(Quoted, Vec<Value>)> {
        let mut puts: Vec<&Put> = puts.iter().collect();
        let mut refused = Vec::new();
        while !puts.is_empty() {
            let body = json!({
                "customer": {"source_id": who},
                "order": spoken::order(order),
                "redeemables": puts.iter().map(|put| &put.redeemable).collect::<Vec<_>>(),
                "session": Self::session(order.number, HELD_MINUTES),
            });
            let answer = self.post("/v1/validations", &body)?;
            if answer["valid"] == true {
                return Ok(quoted(&answer, &puts, (refused, self.now)));
            }
            let out = told::all(&answer["inapplicable_redeemables"]).next();
            let Some(out) = out else {
                let skipped = told::all(&answer["skipped_redeemables"]);
                refused.extend(skipped.map(|row| (by(&puts, row), told::refusal(row))));
                break;
            };
            refused.push((by(&puts, out), told::refusal(out)));
            puts.retain(|put| put.redeemable["id"] != out["id"]);
        }
        let nothing = Quoted {
            refused,
            total: spoken::amounts(order).1 + order.shipping,
            ..Quoted::default()
        };
        Ok((nothing, Vec::new()))
    }

    fn put_forward(&self, brought: &[Brought]) -> Answer<Vec<Put>> {
        let tier = |(name, id): &(String, String)| Put {
            by: name.clone(),
            redeemable: json!({"object": "promotion_tier", "id": id}),
        };
        let mut puts: Vec<Put> = self.tiers.iter().map(tier).collect();
        for one in brought {
            puts.push(self.brought(one)?);
        }
        Ok(puts)
    }

    /// A code; of a card, with the reward that has its points pay.
    fn brought(&self, Brought { code, points }: &Brought) -> Answer<Put> {
        let by = self.by(code)?;
        let mut redeemable = json!({"object": "voucher", "id": code});
        if let Some(points) = points {
            redeemable["reward"] = json!({"id": self.coins.get(&by), "points": points});
        }
        Ok(Put { by, redeemable })
    }

    /// Redeems what the validation found to apply.
    fn redeem(&self, who: &str, (number, key): (u64, &str)) -> Answer<Option<Value>> {
        let till = self.till(number)?;
        if till.redeemables.is_empty() {
            return Ok(None);
        }
        let body = json!({
            "customer": {"source_id": who},
            "order": spoken::order(&till.order),
            "redeemables": till.redeemables,
            "session": {"type": "LOCK", "key": spoken::name(number)},
        });
        let client = self.client().with("idempotency-key", key);
        let (status, answer) = self
            .wait(client.post("/v1/redemptions", &body))
            .map_err(fault)?;
        match answer["proffer"]["code"].as_str() {
            _ if status == StatusCode::OK => Ok(Some(answer)),
            Some(code) => Err(Trouble::Refused(code.to_owned())),
            None => Err(fault(format!("/v1/redemptions: {status} {answer}"))),
        }
    }

    /// By which name a story knows what was redeemed.
    fn name_of(&self, redemption: &Value) -> Answer<String> {
        match redemption["voucher"]["code"].as_str() {
            Some(code) => self.by(code),
            None => Ok(told::text(&redemption["promotion_tier"]["name"])),
        }
    }

    /// What a redemption took, by the names of the story.
    fn redeemed(&self, answer: &Value, before: &Quoted) -> Answer<Quoted> {
        let mut taken: Vec<Taken> = Vec::new();
        for redemption in told::all(&answer["redemptions"]) {
            let name = self.name_of(redemption)?;
            taken.push(told::taken(&name, &redemption["order"], &Value::Null));
        }
        Ok(Quoted {
            taken,
            refused: before.refused.clone(),
            total: told::minor(&answer["order"]["total_amount"]),
            held_until: None,
        })
    }

    /// Tells that an order was paid, whatever it was paid with.
    fn tell_paid(
        &mut self,
        who: &str,
        (name, order): (String, &Order),
        quoted: &Quoted,
    ) -> Answer<()> {
        let is_card = |taken: &&Taken| !self.campaigns.contains_key(&taken.by);
        let cards: Minor = quoted
            .taken
            .iter()
            .filter(is_card)
            .map(|taken| taken.amount)
            .sum();
        let all: Minor = quoted.taken.iter().map(|taken| taken.amount).sum();
        let properties = json!({
            "order_id": name,
            "total": spoken::major(quoted.total + cards),
            "discount": spoken::major(all - cards),
            "shipping_cost": spoken::major(order.shipping),
            "products": spoken::products(order),
        });
        let event = self.event(who, ("Order Completed", properties))?;
        self.track(vec![event])
    }

    fn tell_refunded(&mut self, number: u64, (from, to): (Minor, Minor)) -> Answer<()> {
        let till = self.till(number)?;
        let (of, _) = spoken::amounts(&till.order);
        let is_card = |taken: &&Taken| !self.campaigns.contains_key(&taken.by);
        let cards: Minor = till
            .quoted
            .taken
            .iter()
            .filter(is_card)
            .map(|taken| taken.amount)
            .sum();
        let paid = till.quoted.total + cards;
        let amount = paid * to / of - paid * from / of;
        let properties = json!({"order_id": spoken::name(number), "total": spoken::major(amount)});
        let who = till.who.clone();
        let event = self.event(&who, ("Order Refunded", properties))?;
        self.track(vec![event])
    }
}

/// What is put forward, and the name a story has for it.
struct Put {
    by: String,
    redeemable: Value,
}

fn by(puts: &[&Put], row: &Value) -> String {
    let found = puts.iter().find(|put| put.redeemable["id"] == row["id"]);
    found.map(|put| put.by.clone()).unwrap_or_default()
}

fn quoted(
    answer: &Value,
    puts: &[&Put],
    (mut refused, now): (Vec<(String, String)>, Timestamp),
) -> (Quoted, Vec<Value>) {
    let (mut taken, mut applied) = (Vec::new(), Vec::new());
    for row in told::all(&answer["redeemables"]) {
        let name = by(puts, row);
        if row["status"] == "APPLICABLE" {
            taken.push(told::taken(&name, &row["order"], &row["result"]));
            let put = puts.iter().find(|put| put.redeemable["id"] == row["id"]);
            applied.extend(put.map(|put| put.redeemable.clone()));
        } else {
            refused.push((name, told::refusal(row)));
        }
    }
    let quoted = Quoted {
        taken,
        refused,
        total: told::minor(&answer["order"]["total_amount"]),
        held_until: told::held_until(&answer["session"], now),
    };
    (quoted, applied)
}

fn done(path: &str, (status, answer): (StatusCode, Value)) -> Answer<Value> {
    if status.is_success() {
        return Ok(answer);
    }
    Err(fault(format!("{path}: {status} {answer}")))
}

fn number(tag: Tag, id: &Value) -> Answer<u64> {
    let name = told::text(id);
    ids::parse(tag, &name).map_err(|wrong| fault(format!("{name}: {wrong:?}")))
}

impl World for Http {
    fn pass_time(&mut self, now: Timestamp) -> Answer<()> {
        if now <= self.now {
            return Ok(());
        }
        let is_first = self.now == 0;
        self.now = now;
        if is_first {
            self.set_holdout(0)?;
        }
        self.post("/v1/sandbox/jobs", &json!({})).map(|_| ())
    }

    fn create_campaign(&mut self, campaign: &CampaignTerms) -> Answer<()> {
        let made = self.make_campaign(&campaign.name, &spoken::campaign(campaign))?;
        if campaign.needs_code == NeedsCode::No {
            let tier = told::text(&made["promotion"]["tiers"][0]["id"]);
            self.tiers.push((campaign.name.clone(), tier));
        }
        Ok(())
    }

    fn create_code(&mut self, code: &CodeTerms) -> Answer<()> {
        if code.holder.is_some() {
            return Err(fault("no call gives a code to one customer"));
        }
        let body = json!({
            "code": code.code, "campaign": code.campaign, "type": "DISCOUNT_VOUCHER",
            "redemption": {"quantity": code.uses},
        });
        self.post("/v1/vouchers", &body).map(|_| ())
    }

    fn create_gift_card(&mut self, card: &GiftTerms) -> Answer<()> {
        let campaign = card.category.as_deref().unwrap_or(GIFT_CARDS);
        if !self.campaigns.contains_key(campaign) {
            let body = spoken::gift_cards(campaign, card.category.as_deref());
            self.make_campaign(campaign, &body)?;
            self.of_cards.insert(campaign.to_owned());
        }
        let body = json!({
            "code": card.code, "campaign": campaign, "type": "GIFT_VOUCHER",
            "gift": {"amount": card.amount},
            "expiration_date": wire::time::format(card.until - 1),
        });
        self.post("/v1/vouchers", &body).map(|_| ())
    }

    fn offer_for_sale(&mut self, sku: &str, price: Minor) -> Answer<()> {
        let body = json!({"source_id": sku, "name": sku, "price": price});
        self.post("/v1/products", &body).map(|_| ())
    }

    fn set_policy(&mut self, policy: &PolicyTerms) -> Answer<()> {
        let (kind, names) = match policy {
            PolicyTerms::Ranked(names) => ("ranked", names),
            PolicyTerms::Ladder(names) => ("ladder", names),
        };
        let body = json!({"policy": {"kind": kind, "campaigns": names}});
        self.put("/v1/policy", &body).map(|_| ())
    }

    fn add_guardrail(&mut self, guardrail: &GuardrailTerms) -> Answer<()> {
        let (name, bound) = match guardrail {
            GuardrailTerms::MarginAtLeast(share) => ("margin_at_least_ppm", json!(share)),
            GuardrailTerms::DepthAtMost(share) => ("depth_at_most_ppm", json!(share)),
            GuardrailTerms::NotOnReduced => ("not_on_discounted", json!(true)),
            GuardrailTerms::QuietDays(days) => ("quiet_days", json!(days)),
        };
        self.guardrails[name] = bound;
        let body = json!({"guardrails": self.guardrails});
        self.put("/v1/policy", &body).map(|_| ())
    }

    fn set_holdout(&mut self, share: Ppm) -> Answer<()> {
        self.put("/v1/policy", &json!({"holdout_ppm": share}))
            .map(|_| ())
    }

    fn place(&mut self, who: &str, side: Side) -> Answer<()> {
        if self.names.contains_key(who) {
            return Err(fault(format!("{who} is somewhere already")));
        }
        let wanted = side == Side::Inside;
        loop {
            if let Some(source) = self.spare.get_mut(&wanted).and_then(Vec::pop) {
                self.names.insert(who.to_owned(), source);
                return Ok(());
            }
            let (is_inside, source) = self.candidate()?;
            self.spare.entry(is_inside).or_default().push(source);
        }
    }

    fn consent(&mut self, who: &str, consent: ConsentTerms) -> Answer<()> {
        let said = match consent {
            ConsentTerms::Both => json!({"personalise_offers": true, "measure": true}),
            ConsentTerms::Offers => json!({"personalise_offers": true}),
            ConsentTerms::Measuring => json!({"measure": true}),
            ConsentTerms::Withdrawn => json!({"personalise_offers": false, "measure": false}),
        };
        if self.devices.contains(who) {
            let body = json!({
                "anonymousId": who, "context": {"consent": {"categoryPreferences": said}},
            });
            return self.post("/v1/identify", &body).map(|_| ());
        }
        let source = self.source(who)?;
        self.put(
            &format!("/v1/customers/{source}"),
            &json!({"consent": said}),
        )
        .map(|_| ())
    }

    fn sign_in(&mut self, who: &str, device: &str) -> Answer<()> {
        let body = json!({"userId": self.source(who)?, "anonymousId": device});
        self.post("/v1/identify", &body).map(|_| ())
    }

    fn happen(&mut self, who: &str, event: &Event) -> Answer<()> {
        let told = match event {
            Event::Viewed(line) => vec![("Product Viewed", spoken::product(line))],
            Event::Added(cart) => {
                let lines = cart.lines.iter();
                let added = lines.map(|line| ("Product Added", spoken::product(line)));
                let value = json!({"value": spoken::major(spoken::amounts(cart).0)});
                added.chain([("Cart Viewed", value)]).collect()
            }
            Event::Bought(order) => {
                let name = format!("bought-{}", self.messages);
                let quoted = Quoted {
                    total: spoken::amounts(order).1 + order.shipping,
                    ..Quoted::default()
                };
                return self.tell_paid(who, (name, order), &quoted);
            }
            Event::Named(name) => vec![(name.as_str(), json!({}))],
        };
        let told: Answer<Vec<Value>> = told.into_iter().map(|one| self.event(who, one)).collect();
        self.track(told?)
    }

    fn decide(&mut self, asked: &[Asked]) -> Answer<Vec<Decided>> {
        let mut calls = Vec::new();
        for one in asked {
            let body = json!({
                "customer": {"source_id": self.source(&one.who)?},
                "order": one.order.as_ref().map(spoken::order),
            });
            calls.push(self.runtime.spawn(Self::asked(self.client(), body)));
        }
        let mut decided = Vec::new();
        for (call, one) in calls.into_iter().zip(asked) {
            let answer = self.wait(call).map_err(|error| fault(error.to_string()))?;
            let (answer, trace) = answer.map_err(fault)?;
            self.decided
                .insert(one.who.clone(), told::text(&answer["id"]));
            decided.push(told::decided(&answer, &trace));
        }
        Ok(decided)
    }

    fn replay(&mut self, who: &str) -> Answer<Replay> {
        let id = self.decided.get(who);
        let id = id.ok_or_else(|| fault(format!("nothing was decided for {who}")))?;
        let replayed = self.wait(replay::replay_named(&self.shop.app, id));
        match replayed
            .map_err(|refused| fault(format!("{refused:?}")))?
            .is_equal()
        {
            true => Ok(Replay::Same),
            false => Ok(Replay::Different),
        }
    }

    fn validate(&mut self, who: &str, order: &Order, brought: &[Brought]) -> Answer<Quoted> {
        let known = self.orders.get(&order.number);
        if known.is_some_and(|till| till.paid.is_some()) {
            return Err(fault(format!("order {} is paid", order.number)));
        }
        let source = self.named(who);
        let puts = self.put_forward(brought)?;
        let (quoted, redeemables) = self.settle((&source, order), &puts)?;
        if redeemables.is_empty() && self.orders.contains_key(&order.number) {
            self.let_go(order.number)?;
        }
        let till = Till {
            who: who.to_owned(),
            order: order.clone(),
            redeemables,
            quoted: quoted.clone(),
            paid: None,
            back: 0,
        };
        self.orders.insert(order.number, till);
        Ok(quoted)
    }

    fn best(&mut self, who: &str, order: &Order, brought: &[Brought]) -> Answer<Quoted> {
        let source = self.source(who)?;
        let puts = self.put_forward(brought)?;
        let body = json!({
            "customer": {"source_id": source},
            "order": spoken::order(order),
            "redeemables": puts.iter().map(|put| &put.redeemable).collect::<Vec<_>>(),
            "only_given": true,
        });
        let answer = self.post("/v1/best-deals", &body)?;
        let puts: Vec<&Put> = puts.iter().collect();
        let left_out = told::all(&answer["left_out"]);
        let left_out = left_out.map(|row| (by(&puts, row), told::text(&row["code"])));
        let applied = json!({"redeemables": answer["steps"], "order": answer["order"]});
        Ok(quoted(&applied, &puts, (left_out.collect(), self.now)).0)
    }

    fn pay(&mut self, who: &str, order: u64, key: &str) -> Answer<Quoted> {
        let source = self.source(who)?;
        let answer = self.redeem(&source, (order, key))?;
        let before = self.till(order)?.quoted.clone();
        let (quoted, undo) = match &answer {
            Some(answer) => {
                self.take_note(order, answer)?;
                (self.redeemed(answer, &before)?, undoing(answer))
            }
            None => (before, String::new()),
        };
        let goods = self.till(order)?.order.clone();
        self.tell_paid(who, (spoken::name(order), &goods), &quoted)?;
        if let Some(till) = self.orders.get_mut(&order) {
            till.quoted = quoted.clone();
            till.paid = Some(undo);
        }
        Ok(quoted)
    }

    /// A code's hold has a call of its own; a tier's is replaced by one that lasts no time.
    fn let_go(&mut self, order: u64) -> Answer<()> {
        let till = self.till(order)?;
        let is_code = |put: &&Value| put["object"] == "voucher";
        let (codes, tiers): (Vec<_>, Vec<_>) = till.redeemables.iter().partition(is_code);
        let body = json!({
            "order": spoken::order(&till.order),
            "redeemables": tiers,
            "session": Self::session(order, 0),
        });
        for code in codes {
            let (code, key) = (told::text(&code["id"]), spoken::name(order));
            self.delete(&format!("/v1/vouchers/{code}/sessions/{key}"))?;
        }
        if !body["redeemables"].as_array().is_some_and(Vec::is_empty) {
            self.post("/v1/validations", &body)?;
        }
        self.post("/v1/sandbox/jobs", &json!({})).map(|_| ())
    }

    fn roll_back(&mut self, order: u64, goods: Option<Minor>) -> Answer<()> {
        let till = self.till(order)?;
        let undo = till
            .paid
            .clone()
            .ok_or_else(|| fault(format!("order {order} is not paid")))?;
        let (from, (of, _)) = (till.back, spoken::amounts(&till.order));
        let to = goods.map_or(of, |goods| from + goods);
        let body = match goods {
            None => json!({}),
            Some(_) => json!({"returned": returned(&till.order, (from, to))?}),
        };
        if !undo.is_empty() {
            self.post(&undo, &body)?;
        }
        self.tell_refunded(order, (from, to))?;
        if let Some(till) = self.orders.get_mut(&order) {
            till.back = to;
        }
        Ok(())
    }

    fn budget(&mut self, campaign: &str) -> Answer<Budget> {
        let id = self.campaign(campaign)?;
        let spent = self.get(&format!("/v1/campaigns/{campaign}/statement"))?;
        let cap = (Reach::Campaign, CapUnit::Money);
        let occasion = Occasion {
            at: self.now,
            ..Occasion::default()
        };
        let left = self.wait(self.books().left(id, cap, &occasion));
        Ok(Budget {
            spent: told::minor(&spent["posted"]["discount"]),
            held: self.wait(self.books().held(id)),
            left: left.ok_or_else(|| fault(format!("{campaign} has no budget")))?,
        })
    }

    fn gift_card(&mut self, code: &str) -> Answer<GiftCard> {
        let voucher = self.get(&format!("/v1/vouchers/{code}"))?;
        let ids = (
            number(Tag::Campaign, &voucher["campaign_id"])?,
            number(Tag::Voucher, &voucher["id"])?,
        );
        let [spent, held, left, breakage] = self.wait(self.books().card(ids));
        Ok(GiftCard {
            spent,
            held,
            left,
            breakage,
        })
    }

    fn liability(&mut self) -> Answer<Minor> {
        let owed = self.of_cards.iter().map(|campaign| {
            let statement = self.get(&format!("/v1/campaigns/{campaign}/statement"))?;
            Ok(told::minor(&statement["posted"]["liability"]))
        });
        owed.sum()
    }

    fn points(&mut self, who: &str) -> Answer<Minor> {
        let key = self.key(who)?;
        let wallet = self.get(&format!("/v1/wallets/{key}"))?;
        let points = told::all(&wallet["points"]);
        let owed: Minor = points.map(|one| told::minor(&one["balance"])).sum();
        let mut on_cards = 0;
        for (_, card) in self.cards.iter().filter(|((member, _), _)| member == who) {
            let member = self.get(&format!("/v1/loyalties/members/{card}"))?;
            on_cards += told::minor(&member["loyalty_card"]["balance"]);
        }
        Ok(owed + on_cards)
    }

    fn left(&mut self, campaign: &str, who: &str, unit: Unit) -> Answer<u64> {
        let id = self.campaign(campaign)?;
        let unit = match unit {
            Unit::Uses => CapUnit::Uses,
            Unit::Touches => CapUnit::Touches,
        };
        let occasion = Occasion {
            customer: Some(self.number(who)?),
            at: self.now,
            ..Occasion::default()
        };
        let left = self.wait(self.books().left(id, (Reach::Customer, unit), &occasion));
        left.ok_or_else(|| fault(format!("{campaign} has no such cap")))
    }

    fn wallet(&mut self, who: &str) -> Answer<Vec<Granted>> {
        let key = self.known(who)?;
        let wallet = self
            .may_get(&format!("/v1/wallets/{key}"))?
            .unwrap_or_default();
        Ok(told::all(&wallet["grants"])
            .filter_map(told::granted)
            .collect())
    }

    fn fact(&mut self, who: &str, path: &str) -> Answer<Option<String>> {
        let key = self.key(who)?;
        let profile = self
            .may_get(&format!("/v1/customers/{key}/profile"))?
            .unwrap_or_default();
        Ok(told::fact(&profile["facts"][path]))
    }

    fn statement(&mut self, campaign: &str) -> Answer<Statement> {
        let told = self.get(&format!("/v1/campaigns/{campaign}/statement"))?;
        let posted = |member: &str| told::minor(&told["posted"][member]);
        let profit = told["incremental"]["profit"].as_object();
        let whole = |value: &Value| value.as_f64().unwrap_or(0.0).round() as i64;
        Ok(Statement {
            redemptions: posted("redemptions"),
            revenue: posted("attributed"),
            goods: posted("goods"),
            discount: posted("discount"),
            effect: profit.map(|profit| Caused {
                estimate: whole(&profit["estimate"]),
                low: whole(&profit["low"]),
                high: whole(&profit["high"]),
            }),
            why_not: told::text(&told["why_unready"]),
        })
    }

    fn check_books(&mut self) -> Answer<()> {
        let audit = self.wait(self.shop.app.store().audit());
        let audit = audit.map_err(|wrong| fault(format!("{wrong:?}")))?;
        if audit.is_clean() {
            return Ok(());
        }
        Err(fault(format!("{:?}", audit.findings)))
    }

    fn shop(&mut self) -> Answer<&mut dyn simulation::story::world::Shop> {
        Ok(self)
    }
}

/// The call that takes a redemption back: of one, or of all that were made together.
fn undoing(answer: &Value) -> String {
    match answer["parent_redemption"]["id"].as_str() {
        Some(parent) => format!("/v1/redemptions/{parent}/rollbacks"),
        None => {
            let only = told::text(&answer["redemptions"][0]["id"]);
            format!("/v1/redemptions/{only}/rollback")
        }
    }
}

/// The units between two amounts of list price, in the order of the lines.
fn returned(order: &Order, (from, to): (Minor, Minor)) -> Answer<Value> {
    let (mut before, mut units) = (0, Vec::new());
    for (index, line) in order.lines.iter().enumerate() {
        let mut quantity = 0;
        for _ in 0..line.quantity {
            quantity += u32::from(from <= before && before < to);
            before += line.price;
        }
        if quantity > 0 {
            units.push(json!({"index": index, "quantity": quantity}));
        }
    }
    Ok(json!(units))
}
