//! Which customers belong together? Those on a list, or whomever a filter takes in.

use rules::{Condition, Facts, Reads, Telling, Value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CustomerInput, Filter, birthday, bounds, condition::ATTRIBUTE};
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// Customers on the list of one segment.
const MAX_CUSTOMERS: usize = 20_000;

/// A segment as it is sent and kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Segment {
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<SegmentType>,
    /// Of a `static` one: `cust_…`, or the shop's own ids. At most 20,000. They are not shown.
    #[serde(skip_serializing_if = "is_not_kept")]
    pub customers: Option<Vec<String>>,
    /// Of the others:
    /// `{"junction": "and", "summary.orders.total_count": {"conditions": {"$more_than": [3]}}}`.
    #[schema(value_type = Option<Object>)]
    pub filter: Option<Filter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SegmentType {
    /// A list.
    Static,
    /// A filter.
    Passive,
    /// A filter, as `passive`.
    AutoUpdate,
}

/// A segment in an answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SegmentView {
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: SegmentType,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub filter: Option<Filter>,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    pub object: &'static str,
}

impl Segment {
    /// # Errors
    /// Where it cannot be kept so.
    pub fn check(&self) -> Result<(), Malformed> {
        bounds::required(self.name.as_deref(), "/name")?;
        let kind = self.kind.ok_or_else(|| at("/type", "is required"))?;
        match (kind, &self.customers, &self.filter) {
            (SegmentType::Static, None, _) => {
                Err(at("/customers", "is required of a static segment"))
            }
            (SegmentType::Static, Some(_), Some(_)) => {
                Err(at("/filter", "is for passive and auto-update segments"))
            }
            (SegmentType::Static, Some(names), None) => {
                bounds::count(names, ("/customers", MAX_CUSTOMERS))
            }
            (_, Some(_), _) => Err(at("/customers", "is for static segments")),
            (_, None, None) => Err(at("/filter", "is required of this type")),
            (_, None, Some(_)) => self.condition().map(|_| ()),
        }
    }

    #[must_use]
    pub fn kind(&self) -> SegmentType {
        self.kind.unwrap_or(SegmentType::Static)
    }

    /// Whom its filter takes in; nobody where it is a list.
    ///
    /// # Errors
    /// As [`Filter::of_people`].
    pub fn condition(&self) -> Result<Option<Condition>, Malformed> {
        let filter = self.filter.as_ref().map(Filter::of_people);
        filter.transpose().map_err(|wrong| wrong.under("filter"))
    }

    #[must_use]
    pub fn view(
        &self,
        id: u64,
        (created_at, updated_at): (Timestamp, Option<Timestamp>),
    ) -> SegmentView {
        SegmentView {
            id: ids::format(Tag::Segment, id),
            name: self.name.clone().unwrap_or_default(),
            kind: self.kind(),
            filter: self.filter.clone(),
            created_at,
            updated_at,
            object: "segment",
        }
    }
}

/// A list is kept as links, for it can be long.
fn is_not_kept(_customers: &Option<Vec<String>>) -> bool {
    true
}

fn at(pointer: &str, detail: &str) -> Malformed {
    Malformed::at(pointer, detail)
}

impl CustomerInput {
    /// Whether anybody reads of [`CustomerInput::stated`].
    #[must_use]
    pub fn is_read(reads: &Reads) -> bool {
        reads.wants_under(ATTRIBUTE)
    }

    /// What filters of segments read of what the shop says of a customer of this number, at a
    /// moment by the clock of a zone.
    #[must_use]
    pub fn stated(
        &self,
        id: u64,
        (created_at, updated_at): (Timestamp, Option<Timestamp>),
        (moment, reads): ((Timestamp, &str), &Reads),
    ) -> Facts {
        let mut telling = Telling::to(reads);
        let mut tell = |name: &str, value: Option<Value>| {
            telling.find(&[ATTRIBUTE, name].concat(), || value);
        };
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        tell("id", Some(ids::format(Tag::Customer, id).into()));
        tell("source_id", text(&self.source_id));
        tell("name", text(&self.name));
        tell("email", text(&self.email));
        tell("phone", text(&self.phone));
        tell("description", text(&self.description));
        tell("birthdate", text(&self.birthdate));
        let birthday = self.birthdate.as_deref();
        if let Some(birthday) = birthday.and_then(|born| birthday::of(born, moment)) {
            tell("birthday.days_to", Some(birthday.days_to.into()));
            tell("birthday.days_since", Some(birthday.days_since.into()));
            tell("birthday.months_to", Some(birthday.months_to.into()));
        }
        if let Some(address) = &self.address {
            tell("address_city", text(&address.city));
            tell("address_state", text(&address.state));
            tell("address_line_1", text(&address.line_1));
            tell("address_line_2", text(&address.line_2));
            tell("address_country", text(&address.country));
            tell("address_postal_code", text(&address.postal_code));
        }
        tell("created_at", Some(Value::Time(created_at)));
        tell("updated_at", updated_at.map(Value::Time));
        telling.done()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const DAY: Timestamp = 86_400_000;
    const NOW: Timestamp = 100 * DAY;

    fn ann() -> Facts {
        let said = json!({"source_id": "ann", "name": "Ann Lee", "email": "ann@shop.example",
            "birthdate": "1950-05-12", "address": {"city": "Riga"},
            "metadata": {"tier": "gold", "visits": 4, "joined": "1970-04-01",
                "tags": ["new", "vip"]}});
        let said: CustomerInput = serde_json::from_value(said).unwrap();
        let mut facts = said.facts();
        let moment = (NOW, "Pacific/Honolulu");
        facts.extend(said.stated(7, (90 * DAY, None), (moment, &Reads::everything())));
        facts.set("came_to.summary.redemptions.total_redeemed", 4);
        facts.set("came_to.loyalty.campaigns.Club.loyalty_tier", "Gold");
        facts.set("customer.segments", vec!["seg_1"]);
        facts.set("customer.orders", 3);
        facts.set("customer.spent", 12_000);
        facts.set("customer.last_order_at", Value::Time(70 * DAY));
        facts.set("customer.categories", vec!["tea"]);
        facts.set("now", Value::Time(NOW));
        facts.set("zone", "Pacific/Honolulu");
        facts
    }

    fn segment(filter: &Json) -> Result<Condition, Malformed> {
        let body = json!({"name": "a", "type": "passive", "filter": filter});
        let segment: Segment = serde_json::from_value(body).unwrap();
        segment.check()?;
        segment.condition().map(Option::unwrap)
    }

    /// Whether a field under an operator with values takes Ann in.
    fn checking() -> impl Fn(&str, &str, Json, bool) {
        let facts = ann();
        move |field, operator, value, expected| {
            let filter = json!({field: {"conditions": {operator: value}}});
            let condition = segment(&filter).unwrap();
            assert_eq!(condition.evaluate(&facts).is_met(), expected, "{filter}");
        }
    }

    #[test]
    fn a_filter_asks_for_birthdays_sums_and_segments() {
        let check = checking();
        // It is 10 April 1970 in Honolulu.
        check("birthdate", "$next_month", json!([]), true);
        check("birthdate", "$is_days_in_future", json!([32]), true);
        check("birthdate", "$is_days_in_future", json!([31]), false);
        check("birthdate", "$is_days_ago", json!([333]), true);
        check("birthdate", "$is", json!(["1950-05-12"]), true);
        check("birthdate", "$after", json!(["1950-05-12"]), false);
        check("birthdate", "$before", json!(["1950-05-13"]), true);
        check("birthdate", "$has_value", json!([]), true);
        let redeemed = "summary.redemptions.total_redeemed";
        check(redeemed, "$more_than_equal", json!([4]), true);
        check(redeemed, "$less_than", json!([4]), false);
        let tier = "loyalty.campaigns.Club.loyalty_tier";
        check(tier, "$in", json!(["Silver", "Gold"]), true);
        check("loyalty.campaigns.Other.points", "$is", json!([0]), false);
        check("segments", "$in", json!(["seg_1", "seg_2"]), true);
        check("segments", "$not_in", json!(["seg_1"]), false);
    }

    #[test]
    fn a_filter_takes_in_whom_it_describes() {
        let check = checking();
        check("id", "$is", json!(["cust_0000000000007"]), true);
        check("source_id", "$in", json!(["ann", "bob"]), true);
        check("source_id", "$not_in", json!(["ann", "bob"]), false);
        check("name", "$starts_with", json!(["Ann"]), true);
        check("email", "$ends_with", json!(["@shop.example"]), true);
        check("email", "$contains", json!(["other"]), false);
        check("phone", "$is_unknown", json!([]), true);
        check("address_city", "$is", json!(["Riga"]), true);
        check("metadata.tier", "$is", json!(["gold"]), true);
        check("metadata.visits", "$more_than_equal", json!([4]), true);
        check("metadata.other", "$is_not", json!(["x"]), false);
        check("summary.orders.total_count", "$more_than", json!([2]), true);
        check(
            "summary.orders.total_amount",
            "$less_than",
            json!([12_000]),
            false,
        );
        check("customer.orders", "$is", json!([3]), true);
        check("customer.orders_30d", "$is", json!([3]), false);
        check("customer.categories", "$contains", json!(["tea"]), true);
        check("customer.categories", "$not_contain", json!(["tea"]), false);
        check("customer.trait.city", "$has_value", json!([]), false);
        let last = "summary.orders.last_order_date";
        check(last, "$after", json!(["1970-03-01"]), true);
        check(last, "$before", json!(["1970-03-01"]), false);
        check(last, "$more_than_ago", json!([29]), true);
        check(last, "$more_than_ago", json!([30]), false);
        check(last, "$less_than_ago", json!([31]), true);
        check(last, "$less_than_ago", json!([30]), false);
        check(last, "$less_than_future", json!([7]), false);
        check("created_at", "$more_than_ago", json!([5]), true);
        check("updated_at", "$has_value", json!([]), false);
        // It is 11 April in UTC and the afternoon of the tenth in Honolulu.
        check("created_at", "$is_days_ago", json!([10]), true);
        check("created_at", "$dow", json!([2]), true);
        check("created_at", "$dow", json!([3]), false);
        check("metadata.joined", "$is_days_ago", json!([9]), true);
        check("metadata.joined", "$is_days_ago", json!([10]), false);
        check("metadata.joined", "$dow", json!([3]), true);
        check("metadata.joined", "$after", json!(["1970-04-01"]), false);
        let begun = json!(["1970-04-01T09:59:59Z"]);
        check("metadata.joined", "$after", begun, true);
        check("metadata.tags", "$count", json!([2]), true);
        check("metadata.tags", "$count_more", json!([2]), false);
        check("metadata.tags", "$not_intersect", json!(["old"]), true);
        check("metadata.tags", "$not_intersect", json!(["vip"]), false);
        check("metadata.tags", "$not_differ", json!(["vip", "new"]), true);
        check("metadata.tags", "$not_differ", json!(["vip"]), false);
        check("metadata.tier", "$count", json!([1]), false);
        check("metadata.tier", "$dow", json!([1]), false);
    }

    #[test]
    fn what_cannot_be_said_names_its_place() {
        let check = |filter: Json, pointer: &str| {
            let wrong = segment(&filter).unwrap_err();
            assert_eq!(wrong.pointer, pointer, "{filter} {wrong}");
        };
        let one = |field: &str, operator: &str, value: Json| {
            let conditions = json!({operator: value});
            json!({field: {"conditions": conditions}})
        };
        check(json!({}), "/filter");
        check(one("colour", "$is", json!([1])), "/filter/colour");
        check(one("metadata.", "$is", json!([1])), "/filter/metadata.");
        check(
            one("birthdate", "$is_days_ago", json!(["soon"])),
            "/filter/birthdate/conditions/$is_days_ago/0",
        );
        check(
            one("segments", "$count", json!([1])),
            "/filter/segments/conditions/$count/0",
        );
        check(
            one("loyalty.points", "$is", json!(["many"])),
            "/filter/loyalty.points/conditions/$is/0",
        );
        check(
            one("loyalty.level", "$is", json!([1])),
            "/filter/loyalty.level",
        );
        check(
            one("summary.redemptions.total", "$is", json!([1])),
            "/filter/summary.redemptions.total",
        );
        check(
            one("customer.mood", "$is", json!([1])),
            "/filter/customer.mood",
        );
        check(
            one("customer.orders_2d", "$is", json!([1])),
            "/filter/customer.orders_2d",
        );
        check(
            one("customer.orders", "$is", json!(["3"])),
            "/filter/customer.orders/conditions/$is/0",
        );
        check(
            one("name", "$next_month", json!([])),
            "/filter/name/conditions/$next_month",
        );
        check(
            one("created_at", "$more_than_ago", json!([-1])),
            "/filter/created_at/conditions/$more_than_ago/0",
        );
        check(
            one("created_at", "$is_days_ago", json!([-1])),
            "/filter/created_at/conditions/$is_days_ago/0",
        );
    }
}
