//! What formulas come to, and where a text is none.

use jiff::tz::TimeZone;
use rules::{Facts, Path, Reads, Value};
use rust_decimal::Decimal;

use super::{Formula, Known};

/// 14 March 2026, 23:30 in UTC; in Berlin it is the 15th by then.
const NOW: i64 = 1_773_531_000_000;
const DAY: i64 = 86_400_000;

/// The order is 175.50, of three lines with five units.
#[track_caller]
fn check(formula: &str, expected: &str) {
    let found = match Formula::parse(formula) {
        Err(wrong) => wrong.to_string(),
        Ok(formula) => match counted(&formula) {
            None => "none".to_owned(),
            Some(number) => number.normalize().to_string(),
        },
    };
    assert_eq!(found, expected, "{formula}");
}

fn counted(formula: &Formula) -> Option<Decimal> {
    let of_customer = Facts::from_iter([
        ("customer.metadata.tier", Value::from("gold")),
        ("customer.metadata.points", Value::from(7_i64)),
        ("customer.metadata.tags", Value::from(vec!["new", "vip"])),
        ("customer.birthdate", Value::from("1990-03-15")),
        ("now", Value::Time(NOW)),
    ]);
    let of_order = Facts::from_iter([
        ("order.amount", 17_550_i64),
        ("order.items.count", 3),
        ("order.units", 5),
    ]);
    let of_voucher = Facts::from_iter([
        ("redeemable.metadata.level", Value::from(3_i64)),
        ("publication.metadata.channel", Value::from("mail")),
        ("voucher.redemption_quantity", Value::from(9_i64)),
        ("voucher.redeemed_quantity", Value::from(4_i64)),
        ("voucher.publish_count", Value::from(1_i64)),
        ("voucher.start_date", Value::Time(NOW - 3 * DAY)),
        ("voucher.expiration_date", Value::Time(NOW + 2 * DAY)),
        ("promotion_tier.start_date", Value::Time(NOW - 5 * DAY)),
    ]);
    let lines = [(2, 1_000), (2, 6_000), (1, 150)];
    let lines = lines.map(|(quantity, unit_price): (i64, i64)| {
        Facts::from_iter([
            ("line.price", unit_price),
            ("line.amount", unit_price * quantity),
            ("line.quantity", quantity),
            ("line.metadata.weight", quantity * 10),
        ])
    });
    let known = Known {
        facts: [&of_order, &of_voucher, &of_customer],
        lines: lines.iter().collect(),
        cheapest: Some(2),
        dearest: Some(1),
        places: 2,
        zone: TimeZone::get("Europe/Berlin").unwrap(),
    };
    formula.count(&known, Some(1))
}

#[test]
fn numbers_are_counted_as_at_school() {
    check("1 + 2 * 3 - 4 / 8", "6.5");
    check("(1 + 2) * 3", "9");
    check("-2 - -3", "1");
    check("10 % 4", "2");
    check("0.1 + 0.2", "0.3");
    check("2 - 1 - 1", "0");
    check("1 / 0", "none");
    check("POW(2;10)", "1024");
    check("MIN(3;1;2) + MAX(3;1;2)", "4");
    check("79228162514264337593543950335 * 10", "none");
}

#[test]
fn rounding_names_its_way() {
    check("ROUND(2.345;2)", "2.35");
    check("ROUND(-2.5)", "-3");
    check("FLOOR(1299;-2)", "1200");
    check("CEIL(1201;-2)", "1300");
    check("ROUND(1250;-2)", "1300");
    check("FLOOR(2.99;0)", "2");
    check("ROUND(1;99)", "none");
}

#[test]
fn facts_are_read() {
    check("ORDER_AMOUNT", "175.5");
    check("ORDER_AMOUNT * 0.1", "17.55");
    check("ORDER_ITEMS_QUANTITY + ORDER_UNITS_QUANTITY", "8");
    check("CUSTOMER_METADATA(\"points\") * 2", "14");
    check("ORDER_ITEM_PRICE", "60");
    check("CHEAPEST_ORDER_ITEM_PRICE", "1.5");
    check("MOST_EXPENSIVE_ORDER_ITEM_AMOUNT", "120");
    check("CHEAPEST_ORDER_ITEM_METADATA(\"weight\")", "10");
    check("ORDER_ITEM_PRODUCT_METADATA(\"weight\")", "20");
    check("ORDER_METADATA(\"points\")", "none");
    check("DEFAULT_TO(ORDER_METADATA(\"points\");3)", "3");
    check("DEFAULT_TO(CUSTOMER_METADATA(\"points\");3)", "7");
}

#[test]
fn choices_are_made() {
    check("IF(ORDER_AMOUNT > 150;20;10)", "20");
    check("IF(ORDER_AMOUNT > 150 AND ORDER_AMOUNT < 160;20;10)", "10");
    check("IF(ORDER_AMOUNT < 1 OR 1 = 1;20;10)", "20");
    check("IF(CUSTOMER_METADATA(\"tier\") is \"gold\";5;1)", "5");
    check("IF(CUSTOMER_METADATA(\"tier\") isNot \"gold\";5;1)", "1");
    check("IF(CUSTOMER_METADATA(\"tier\") startsWith \"go\";5;1)", "5");
    check("IF(\"vip\" IN_ARRAY CUSTOMER_METADATA(\"tags\");5;1)", "5");
    check(
        "IF(\"old\" NOT_IN_ARRAY CUSTOMER_METADATA(\"tags\");5;1)",
        "5",
    );
    check("IF(CUSTOMER_METADATA(\"tags\") contains \"new\";5;1)", "5");
    check("IF(ORDER_METADATA(\"none\") > 1;5;1)", "none");
    check("IF(1;2;3)", "none");
    check("IF(1 > 2;1/0;3)", "3");
    let tiers = "SWITCH(CUSTOMER_METADATA(\"tier\");SWITCH_CASE(\"silver\";5);\
                 SWITCH_CASE(\"gold\";10);1)";
    check(tiers, "10");
    check("SWITCH(7;SWITCH_CASE(1;5);9)", "9");
    check("SWITCH(7;SWITCH_CASE(1;5))", "none");
}

#[test]
fn days_are_those_of_the_shop() {
    check("DAY_OF_MONTH(TODAY)", "15");
    check("MONTH(NOW) * 10000 + YEAR(TODAY())", "32026");
    check("TODAY DAYS_SINCE DATE(\"2026-03-01\")", "14");
    check("TODAY DAYS_UNTIL DATE(\"2026-03-20\")", "5");
    check("DAYS_SINCE(DATE(\"2026-03-01\"))", "14");
    check("YEARS_SINCE(CUSTOMER_BIRTHDATE)", "36");
    check("MONTHS_UNTIL(DATE(\"2026-05-14\"))", "1");
    check("IF(TODAY DATE_IS DATE(\"2026-03-15\");1;0)", "1");
    check(
        "IF(NOW IS_AFTER DATE_TIME(\"2026-03-14T23:29:59Z\");1;0)",
        "1",
    );
    check("IF(TODAY IS_BEFORE DATE(\"2026-03-15\");1;0)", "0");
    check("DATE(\"someday\") DAYS_SINCE NOW", "none");
}

#[test]
fn what_is_told_of_the_redeemable_alone_is_read() {
    check("REDEEMABLE_METADATA(\"level\") * 2", "6");
    check("REDEEMABLE_METADATA(\"other\")", "none");
    check("IF(PUBLICATION_METADATA(\"channel\") is \"mail\";5;1)", "5");
    check(
        "VOUCHER_REDEMPTION_QUANTITY - VOUCHER_REDEEMED_QUANTITY",
        "5",
    );
    check("VOUCHER_PUBLISH_COUNT", "1");
    check("DAYS_SINCE(VOUCHER_START_DATE)", "3");
    check("DAYS_UNTIL(VOUCHER_EXPIRATION_DATE)", "2");
    check("DAYS_SINCE(PROMOTION_TIER_START_DATE)", "5");
    check("DAYS_UNTIL(PROMOTION_TIER_EXPIRATION_DATE)", "none");
}

#[test]
fn what_is_no_formula_says_where() {
    check("", "at byte 0: the formula ends where a value should");
    check("1 +", "at byte 3: the formula ends where a value should");
    check(
        "1 2",
        "at byte 2: 2 stands where an operator or the end should",
    );
    check("ORDER_SUM", "at byte 0: ORDER_SUM is not known");
    check("VOUCHER_COLOUR", "at byte 0: VOUCHER_COLOUR is not known");
    check("MIN(1;2", "at byte 7: the formula ends where ) should");
    check("IF(1;2)", "at byte 0: IF has the wrong number of values");
    check("1 & 2", "at byte 2: is not a name, a number or an operator");
    check("\"a", "at byte 0: the quote is not closed");
    check("1.2.3", "at byte 0: is not a number");
    check(
        "ORDER_METADATA(k)",
        "at byte 15: k stands where a key in quotes should",
    );
    let deep = format!("{}1{}", "(".repeat(40), ")".repeat(40));
    check(&deep, "at byte 32: more than 32 brackets within each other");
    check(&"-".repeat(400), "at byte 32: too many signs");
    let many = format!("1{}", "+1".repeat(200));
    check(&many, "201");
    check(&format!("{many}+1"), "at byte 401: more than 200 operators");
    let long = "1+".repeat(2_000);
    check(&long, "at byte 2000: longer than 2000 bytes");
}

#[test]
fn a_formula_tells_what_it_reads() {
    let formula = Formula::parse("IF(TODAY DATE_IS NOW;ORDER_AMOUNT;ORDER_METADATA(\"k\"))");
    let formula = formula.unwrap();
    let reads = ["now", "order.amount", "order.metadata.k"].map(Path::from);
    let visited = Reads::visited(|visit| formula.each_read(visit));
    assert_eq!(visited, reads.into_iter().collect());
}
