//! How does a value stand in a table? As RFC 4180 has it, in UTF-8, and so that no program that
//! opens the table takes a text for a formula.

use serde_json::Value;

use crate::problem::Refused;

/// What makes a spreadsheet read a text as something to be done.
const ACTIVE: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\0'];
/// Before a text that begins so; spreadsheets do not show it.
const GUARD: char = '\'';

/// Rows of cells as lines of a table.
///
/// # Errors
/// Never; a fault if it happens.
pub fn lines<'a>(
    rows: impl IntoIterator<Item = impl IntoIterator<Item = &'a Value>>,
) -> Result<Vec<u8>, Refused> {
    let fault = |error: &dyn std::fmt::Display| Refused::Fault(error.to_string());
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        let cells = row.into_iter().map(cell);
        writer.write_record(cells).map_err(|error| fault(&error))?;
    }
    writer.into_inner().map_err(|error| fault(&error))
}

/// A number or a flag stays what it is, also below zero; a text is made harmless.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => harmless(text),
        Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn harmless(text: &str) -> String {
    match text.starts_with(ACTIVE) {
        true => format!("{GUARD}{text}"),
        false => text.to_owned(),
    }
}

/// The text of a cell that was made harmless, as it was before.
#[must_use]
pub fn plain(cell: &str) -> &str {
    let rest = cell.strip_prefix(GUARD);
    rest.filter(|rest| rest.starts_with(ACTIVE)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: Value, expected: &str) {
        let line = lines([[&value]]).unwrap();
        let expected = format!("{expected}\r\n");
        assert_eq!(String::from_utf8(line).unwrap(), expected, "{value}");
    }

    #[test]
    fn no_cell_does_anything() {
        check(json!("=1+1"), "'=1+1");
        check(json!("+49 30"), "'+49 30");
        check(json!("-1"), "'-1");
        check(json!("@SUM(A1)"), "'@SUM(A1)");
        check(json!("\tx"), "'\tx");
        check(json!("\rx"), "\"'\rx\"");
        check(json!("\0x"), "'\0x");
        check(json!("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        check(
            json!("=HYPERLINK(\"x\",\"y\")"),
            "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"",
        );
    }

    #[test]
    fn what_is_no_text_stays_what_it_is() {
        check(json!(-1200), "-1200");
        check(json!(10.5), "10.5");
        check(json!(true), "true");
        check(json!({"a": "=1"}), "\"{\"\"a\"\":\"\"=1\"\"}\"");
        check(json!(["-"]), "\"[\"\"-\"\"]\"");
    }

    /// Whatever a text is: who reads the table has the same text, but for the guard.
    #[test]
    fn every_text_comes_back() {
        let texts = [
            "",
            "plain",
            "a,b",
            "a\nb",
            "\"",
            "'",
            "''",
            "=x",
            "'=x",
            "''=x",
            "-1",
            "ä€𝄞",
            " =x",
            "@",
            "a\r\nb",
            ";",
            "\t",
        ];
        let values = texts.map(|text| json!(text));
        let table = lines(values.iter().map(|value| [value, &Value::Null])).unwrap();
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).from_reader(table.as_slice());
        let read: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        let active = |text: &str| text.starts_with(ACTIVE);
        assert!(read.iter().all(|record| !active(&record[0])));
        let read: Vec<&str> = read.iter().map(|record| plain(&record[0])).collect();
        // A text that was guarded already loses its guard: it says the same to whoever reads it.
        let expected = texts.map(plain);
        assert_eq!(read, expected);
    }
}
