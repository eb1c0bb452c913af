//! What does a table say? Each row becomes the body of the call for one thing; a column that no
//! body knows is metadata, as text.

use serde_json::{Map, Number, Value};
use wire::voucherify::Key;

use crate::{api::dialect::refuse, exports::cells::plain, problem::Refused};

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Vouchers,
    Customers,
    Products,
    Skus,
}

/// How a cell is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    Text,
    /// As it is written; what is no number stays a text, and is refused where it is used.
    Number,
    Flag,
    /// Texts with commas between them.
    List,
}

/// A column by its name in lower case, with underscores: where its cells go, and as what.
type Column = (&'static str, &'static str, As);

const VOUCHERS: &[Column] = &[
    ("code", "/code", As::Text),
    ("voucher_type", "/type", As::Text),
    ("type", "/type", As::Text),
    ("value", "/value", As::Number),
    ("discount_type", "/discount/type", As::Text),
    (
        "discount_amount_limit",
        "/discount/amount_limit",
        As::Number,
    ),
    ("discount_effect", "/discount/effect", As::Text),
    ("discount_unit_type", "/discount/unit_type", As::Text),
    ("category", "/category", As::Text),
    ("start_date", "/start_date", As::Text),
    ("expiration_date", "/expiration_date", As::Text),
    ("redemption_limit", "/redemption/quantity", As::Number),
    ("redemption_quantity", "/redemption/quantity", As::Number),
    ("active", "/active", As::Flag),
    ("additional_info", "/additional_info", As::Text),
];

const CUSTOMERS: &[Column] = &[
    ("id", "/id", As::Text),
    ("source_id", "/source_id", As::Text),
    ("name", "/name", As::Text),
    ("email", "/email", As::Text),
    ("phone", "/phone", As::Text),
    ("description", "/description", As::Text),
    ("birthdate", "/birthdate", As::Text),
    ("birthday", "/birthdate", As::Text),
    ("address_city", "/address/city", As::Text),
    ("address_state", "/address/state", As::Text),
    ("address_line_1", "/address/line_1", As::Text),
    ("address_line_2", "/address/line_2", As::Text),
    ("address_country", "/address/country", As::Text),
    ("address_postal_code", "/address/postal_code", As::Text),
];

const PRODUCTS: &[Column] = &[
    ("id", "/id", As::Text),
    ("source_id", "/source_id", As::Text),
    ("name", "/name", As::Text),
    ("price", "/price", As::Number),
    ("image_url", "/image_url", As::Text),
    ("attributes", "/attributes", As::List),
];

const SKUS: &[Column] = &[
    ("id", "/id", As::Text),
    ("product_id", "/product_id", As::Text),
    ("source_id", "/source_id", As::Text),
    ("sku", "/sku", As::Text),
    ("price", "/price", As::Number),
    ("currency", "/currency", As::Text),
    ("image_url", "/image_url", As::Text),
];

/// Columns of our own tables that say what nobody sets; they are passed over.
const SHOWN: [&str; 30] = [
    "campaign",
    "campaign_id",
    "created_at",
    "updated_at",
    "customer_id",
    "customer_source_id",
    "discount_unit_effect",
    "formula",
    "gift_balance",
    "loyalty_balance",
    "is_referral_code",
    "qr_code",
    "bar_code",
    "redemption_count",
    "validation_rules_id",
    "validity_day_of_week",
    "validity_timeframe_duration",
    "validity_timeframe_interval",
    "redemptions_total_redeemed",
    "redemptions_total_failed",
    "redemptions_total_succeeded",
    "redemptions_total_rolled_back",
    "redemptions_total_rollback_failed",
    "redemptions_total_rollback_succeeded",
    "orders_total_amount",
    "orders_total_count",
    "orders_average_amount",
    "orders_last_order_amount",
    "orders_last_order_date",
    "loyalty_points",
];

/// Where the cells of a column go.
enum Place {
    Known(&'static str, As),
    Metadata(String),
    /// All of the metadata, as JSON.
    AllMetadata,
    Nowhere,
}

impl Table {
    fn columns(self) -> &'static [Column] {
        match self {
            Self::Vouchers => VOUCHERS,
            Self::Customers => CUSTOMERS,
            Self::Products => PRODUCTS,
            Self::Skus => SKUS,
        }
    }

    /// Without which column no row says what it is about.
    fn needs(self) -> &'static str {
        match self {
            Self::Vouchers => "code",
            Self::Customers | Self::Products => "source_id",
            Self::Skus => "product_id",
        }
    }

    /// The bodies that the rows stand for.
    ///
    /// # Errors
    /// When it is no table, or lacks a column.
    pub fn rows(self, text: &str) -> Result<Vec<Value>, Refused> {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.trim(csv::Trim::Headers).from_reader(text.as_bytes());
        let headings = reader
            .headers()
            .map_err(|error| wrong(&error.to_string()))?;
        let names: Vec<String> = headings.iter().map(in_lower_case).collect();
        if !names
            .iter()
            .any(|name| name == self.needs() || name == "id")
        {
            return Err(wrong(&format!("there is no column {}", self.needs())));
        }
        let places = headings.iter().zip(&names);
        let places: Vec<Place> = places
            .map(|(heading, name)| self.place(plain(heading), name))
            .collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| wrong(&error.to_string()))?;
            let cells = record.iter().map(plain);
            let mut row = Map::new();
            for (place, cell) in places.iter().zip(cells) {
                put(&mut row, place, cell);
            }
            if self == Self::Vouchers {
                tell_value(&mut row);
            }
            rows.push(Value::Object(row));
        }
        Ok(rows)
    }

    fn place(self, heading: &str, name: &str) -> Place {
        let known = self.columns().iter().find(|(column, ..)| *column == name);
        if let Some((_, place, kind)) = known {
            return Place::Known(place, *kind);
        }
        match heading.strip_prefix("metadata.") {
            _ if name == "metadata" => Place::AllMetadata,
            _ if name.is_empty() || SHOWN.contains(&name) => Place::Nowhere,
            Some(member) => Place::Metadata(member.to_owned()),
            None => Place::Metadata(heading.to_owned()),
        }
    }
}

fn in_lower_case(heading: &str) -> String {
    plain(heading).to_lowercase().replace([' ', '-'], "_")
}

fn wrong(details: &str) -> Refused {
    refuse(Key::InvalidPayload, format!(": {details}"))
}

fn put(row: &mut Map<String, Value>, place: &Place, cell: &str) {
    if cell.is_empty() {
        return;
    }
    match place {
        Place::Nowhere => {}
        Place::Known(path, kind) => {
            let mut steps = path.trim_start_matches('/').split('/');
            let (first, second) = (steps.next().unwrap_or_default(), steps.next());
            match second {
                None => drop(row.insert(first.to_owned(), kind.read(cell))),
                Some(second) => set(within(row, first), second, kind.read(cell)),
            }
        }
        Place::Metadata(member) => set(within(row, "metadata"), member, cell.into()),
        Place::AllMetadata => {
            let all = serde_json::from_str::<Map<String, Value>>(cell);
            for (member, value) in all.unwrap_or_default() {
                set(within(row, "metadata"), &member, value);
            }
        }
    }
}

fn within<'a>(row: &'a mut Map<String, Value>, name: &str) -> &'a mut Value {
    row.entry(name).or_insert_with(|| Value::Object(Map::new()))
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

impl As {
    fn read(self, cell: &str) -> Value {
        match self {
            Self::Text => cell.into(),
            Self::Number => cell
                .parse::<Number>()
                .map_or_else(|_| cell.into(), Value::Number),
            Self::Flag => match cell.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => true.into(),
                "false" | "no" | "0" => false.into(),
                _ => cell.into(),
            },
            Self::List => cell.split(',').map(str::trim).collect(),
        }
    }
}

/// What the value of a voucher is, its type says.
fn tell_value(row: &mut Map<String, Value>) {
    let value = row.remove("value");
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let is_gift = text(row.get("type")).as_deref() == Some("GIFT_VOUCHER");
    let discount = row
        .get("discount")
        .and_then(|discount| discount.get("type"));
    let discount = text(discount);
    let Some(value) = value else { return };
    match (is_gift, discount.as_deref()) {
        (true, _) => set(within(row, "gift"), "amount", value),
        (false, Some("PERCENT")) => set(within(row, "discount"), "percent_off", value),
        (false, Some("FIXED")) => set(within(row, "discount"), "fixed_amount", value),
        (false, Some("UNIT")) => set(within(row, "discount"), "unit_off", value),
        (false, _) => {
            set(within(row, "discount"), "amount_off", value);
            let kind = within(row, "discount").get("type").cloned();
            set(
                within(row, "discount"),
                "type",
                kind.unwrap_or("AMOUNT".into()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(table: Table, text: &str, expected: Value) {
        assert_eq!(Value::from(table.rows(text).unwrap()), expected, "{text}");
    }

    #[test]
    fn a_row_is_the_body_of_a_call() {
        let text = "Code,Voucher Type,Value,Discount Type,Redemption Limit,Active,Shop\n\
                    A,DISCOUNT_VOUCHER,10,PERCENT,3,true,north\n\
                    B,GIFT_VOUCHER,5000,,,false,\n\
                    C,,250,,,,\"a, b\"\n";
        let expected = json!([
            {"code": "A", "type": "DISCOUNT_VOUCHER", "redemption": {"quantity": 3},
                "discount": {"type": "PERCENT", "percent_off": 10}, "active": true,
                "metadata": {"Shop": "north"}},
            {"code": "B", "type": "GIFT_VOUCHER", "gift": {"amount": 5000}, "active": false},
            {"code": "C", "discount": {"type": "AMOUNT", "amount_off": 250},
                "metadata": {"Shop": "a, b"}},
        ]);
        check(Table::Vouchers, text, expected);
        let text = "Source_id,Name,Address_Line_1,metadata.tier,metadata\r\n\
                    c-1,'=Ann,1 Road,gold,\"{\"\"a\"\":1}\"\r\n";
        let expected = json!([{"source_id": "c-1", "name": "=Ann",
            "address": {"line_1": "1 Road"}, "metadata": {"tier": "gold", "a": 1}}]);
        check(Table::Customers, text, expected);
        let text = "source_id,price,attributes,created_at\nmug,1200,\"color, size\",2026-01-01\n";
        let expected =
            json!([{"source_id": "mug", "price": 1200, "attributes": ["color", "size"]}]);
        check(Table::Products, text, expected);
        let text = "product_id,sku,price\nmug,blue,12.5\n";
        let expected = json!([{"product_id": "mug", "sku": "blue", "price": 12.5}]);
        check(Table::Skus, text, expected);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for text in ["", "Name\nx\n", "Code,Value\nA\n", "Code\nA,B\n"] {
            assert!(Table::Vouchers.rows(text).is_err(), "{text}");
        }
    }
}
