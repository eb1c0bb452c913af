//! What stories do and see of a shop beyond the core: codes given away, points, orders kept, and
//! what others are told.

use axum::http::StatusCode;
use serde_json::{Value, json};
use simulation::story::world::{
    self, Answer, Brought, Kept, Minor, Order, Programme, Quoted, Referrals, Tier, Trouble,
};

use super::{Http, Till, fault, undoing};
use crate::{
    stories::{spoken, told},
    webhooks::{OF_SANDBOX, Receiver},
};

impl world::Shop for Http {
    fn listen(&mut self, events: &[String]) -> Answer<()> {
        self.shop.app.reach_anywhere();
        let (receiver, url) = self.wait(Receiver::start(200));
        let body = json!({"target_url": url, "events": events});
        self.receiver = Some(receiver);
        self.post(&format!("{OF_SANDBOX}/webhooks"), &body)
            .map(|_| ())
    }

    fn heard(&mut self) -> Answer<Vec<String>> {
        self.post("/v1/sandbox/jobs", &json!({}))?;
        let receiver = self.receiver.as_ref();
        let receiver = receiver.ok_or_else(|| fault("nobody listens"))?;
        let told = receiver.told();
        Ok(told.iter().map(|one| told::text(&one["type"])).collect())
    }

    fn publish(&mut self, who: &str, campaign: &str) -> Answer<String> {
        let body =
            json!({"campaign": {"name": campaign}, "customer": {"source_id": self.named(who)}});
        let given = self.ask("/v1/publications", &body)?;
        Ok(told::text(&given["voucher"]["code"]))
    }

    fn start_programme(&mut self, programme: &Programme) -> Answer<()> {
        let name = &programme.name;
        let card = json!({"type": "LOYALTY_CARD", "loyalty_card": {"points": 0}});
        self.post("/v1/loyalties", &json!({"name": name, "voucher": card}))?;
        let rule = spoken::earning(programme.points, programme.per);
        let made = self.post(&format!("/v1/loyalties/{name}/earning-rules"), &rule)?;
        self.rules.insert(name.clone(), told::text(&made[0]["id"]));
        let Some(worth) = programme.worth else {
            return Ok(());
        };
        let coin = self.post("/v1/rewards", &spoken::coin(worth))?;
        let coin = told::text(&coin["id"]);
        let path = format!("/v1/rewards/{coin}/assignments");
        self.post(&path, &json!({"campaign": name}))?;
        self.coins.insert(name.clone(), coin);
        Ok(())
    }

    fn add_tier(&mut self, tier: &Tier) -> Answer<()> {
        let rule = self.rules.get(&tier.programme);
        let rule = rule.ok_or_else(|| fault(format!("there is no {}", tier.programme)))?;
        let times = json!({"type": "MULTIPLY", "multiplier": tier.times});
        let body = json!([{
            "name": tier.name, "points": {"from": tier.from}, "earning_rules": {rule: times},
        }]);
        let path = format!("/v1/loyalties/{}/tiers", tier.programme);
        self.post(&path, &body).map(|_| ())
    }

    fn offer_reward(&mut self, programme: &str, sku: &str, points: u64) -> Answer<()> {
        let reward = self.post("/v1/rewards", &spoken::material(sku))?;
        let reward = told::text(&reward["id"]);
        let body = json!({"campaign": programme, "parameters": {"loyalty": {"points": points}}});
        self.post(&format!("/v1/rewards/{reward}/assignments"), &body)?;
        let of = (programme.to_owned(), sku.to_owned());
        self.rewards.insert(of, reward);
        Ok(())
    }

    fn join(&mut self, who: &str, programme: &str) -> Answer<String> {
        let path = format!("/v1/loyalties/{programme}/members");
        let made = self.ask(&path, &json!({"customer": {"source_id": self.named(who)}}))?;
        let card = told::text(&made["code"]);
        let whose = (who.to_owned(), programme.to_owned());
        self.cards.insert(whose, card.clone());
        Ok(card)
    }

    fn take_reward(&mut self, who: &str, programme: &str, sku: &str) -> Answer<()> {
        let card = self.cards.get(&(who.to_owned(), programme.to_owned()));
        let card = card.ok_or_else(|| fault(format!("{who} is no member")))?;
        let reward = self.rewards.get(&(programme.to_owned(), sku.to_owned()));
        let path = format!("/v1/loyalties/members/{card}/redemption");
        self.ask(&path, &json!({"reward": {"id": reward}}))
            .map(|_| ())
    }

    fn start_referrals(&mut self, referrals: &Referrals) -> Answer<()> {
        let cards = format!("{}-CARDS", referrals.name);
        let cards = self.make_campaign(&cards, &spoken::gift_cards(&cards, None))?;
        let body = spoken::referrals(referrals, &cards["id"]);
        self.make_campaign(&referrals.name, &body).map(|_| ())
    }

    fn redeem(&mut self, who: &str, order: &Order, brought: &[Brought]) -> Answer<Quoted> {
        let puts = brought.iter().map(|one| self.brought(one));
        let puts = puts.collect::<Answer<Vec<_>>>()?;
        let redeemables: Vec<Value> = puts.into_iter().map(|put| put.redeemable).collect();
        let goods = spoken::order(order);
        let body = json!({
            "customer": {"source_id": self.named(who)}, "order": goods, "redeemables": redeemables,
        });
        let answer = self.ask("/v1/redemptions", &body)?;
        let quoted = self.take_note(order.number, &answer)?;
        let till = Till {
            who: who.to_owned(),
            order: order.clone(),
            redeemables,
            quoted: quoted.clone(),
            paid: Some(undoing(&answer)),
            back: 0,
        };
        self.orders.insert(order.number, till);
        Ok(quoted)
    }

    fn redeem_on(&mut self, who: &str, order: u64, code: &str) -> Answer<Quoted> {
        let body = one_more((&self.named(who), code), order);
        let answer = self.ask("/v1/redemptions", &body)?;
        self.take_note(order, &answer)
    }

    fn redeem_at_once(
        &mut self,
        who: &str,
        order: u64,
        codes: &[&str],
    ) -> Answer<Vec<Answer<Quoted>>> {
        let call = |code: &&str| {
            let client = self.client();
            let body = one_more((&self.named(who), code), order);
            self.runtime
                .spawn(async move { client.post("/v1/redemptions", &body).await })
        };
        let calls: Vec<_> = codes.iter().map(call).collect();
        let mut answers = Vec::new();
        for call in calls {
            let answer = self.wait(call).map_err(|error| fault(error.to_string()))?;
            let answer = heard_out("/v1/redemptions", answer.map_err(fault)?);
            answers.push(answer.and_then(|answer| self.take_note(order, &answer)));
        }
        Ok(answers)
    }

    fn take_back(&mut self, order: u64, name: &str) -> Answer<()> {
        let path = self.used.get(&(order, name.to_owned()));
        let path = path.ok_or_else(|| fault(format!("{name} was not used on order {order}")))?;
        self.ask(path, &json!({})).map(|_| ())
    }

    fn leave_orders(&mut self) -> Answer<()> {
        let body = json!({"redeemables_rollback_order_mode": "WITHOUT_ORDER"});
        self.post(&format!("{OF_SANDBOX}/stacking-rules"), &body)
            .map(|_| ())
    }

    fn knows(&mut self, who: &str) -> Answer<bool> {
        let found = self.may_get(&format!("/v1/customers/{}", self.named(who)))?;
        Ok(found.is_some())
    }

    fn order(&mut self, number: u64) -> Answer<Option<Kept>> {
        let order = self.may_get(&format!("/v1/orders/{}", spoken::name(number)))?;
        Ok(order.map(|order| Kept {
            status: told::text(&order["status"]).to_lowercase(),
            total: told::minor(&order["total_amount"]),
        }))
    }

    fn orders(&mut self) -> Answer<u64> {
        Ok(told::minor(&self.get("/v1/orders")?["total"]))
    }

    fn uses(&mut self, code: &str) -> Answer<u64> {
        let voucher = self.get(&format!("/v1/vouchers/{code}"))?;
        Ok(told::minor(&voucher["redemption"]["redeemed_quantity"]))
    }

    fn failure(&mut self, code: &str) -> Answer<Option<String>> {
        let list = self.get("/v1/redemptions?result=failure&limit=100")?;
        let mut rows = told::all(&list["redemptions"]);
        let last = rows.find(|row| row["related_object_id"] == code);
        Ok(last.map(|row| told::text(&row["failure_code"])))
    }

    fn price(&mut self, sku: &str) -> Answer<Option<Minor>> {
        let product = self.may_get(&format!("/v1/products/{sku}"))?;
        Ok(product.map(|product| told::minor(&product["price"])))
    }

    fn on_cards(&mut self, who: &str) -> Answer<Minor> {
        let wallet = self.get(&format!("/v1/wallets/{}", self.named(who)))?;
        let cards = told::all(&wallet["gift_cards"]);
        Ok(cards.map(|card| told::minor(&card["balance"])).sum())
    }
}

impl Http {
    /// Posts, and tells a refusal by our code, or else by Voucherify's key.
    fn ask(&self, path: &str, body: &Value) -> Answer<Value> {
        let answer = self.wait(self.client().post(path, body)).map_err(fault)?;
        heard_out(path, answer)
    }

    /// What a redemption took, and how each part of it can be taken back.
    pub(super) fn take_note(&mut self, order: u64, answer: &Value) -> Answer<Quoted> {
        for redemption in told::all(&answer["redemptions"]) {
            let name = self.name_of(redemption)?;
            let path = format!("/v1/redemptions/{}/rollback", told::text(&redemption["id"]));
            self.used.insert((order, name), path);
        }
        self.redeemed(answer, &Quoted::default())
    }
}

fn heard_out(path: &str, (status, answer): (StatusCode, Value)) -> Answer<Value> {
    if status.is_success() {
        return Ok(answer);
    }
    let ours = answer["proffer"]["code"].as_str();
    match ours.or(answer["key"].as_str()) {
        Some(code) if status.is_client_error() => Err(Trouble::Refused(code.to_owned())),
        _ => Err(fault(format!("{path}: {status} {answer}"))),
    }
}

/// One more code on an order that is known: its name is all that is told of it.
fn one_more((who, code): (&str, &str), order: u64) -> Value {
    json!({
        "customer": {"source_id": who},
        "order": {"source_id": spoken::name(order)},
        "redeemables": [{"object": "voucher", "id": code}],
    })
}
