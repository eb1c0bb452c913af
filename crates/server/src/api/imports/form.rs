//! Where in a body is the table? It is the body, or the file of a form (RFC 7578).

use axum::http::{HeaderMap, header};
use wire::voucherify::Key;

use crate::{api::dialect::refuse, problem::Refused};

/// The longest boundary (RFC 2046, section 5.1.1).
const MAX_BOUNDARY: usize = 70;
/// What some programs write before UTF-8.
const MARK: &str = "\u{feff}";

/// The text of the table that was sent.
///
/// # Errors
/// When there is none, or it is not UTF-8.
pub fn text_of<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<&'a str, Refused> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let file = match kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        false => body,
        true => {
            let missing = || wrong("the form has no file: send it as the part `file`");
            file_of(boundary(kind)?, body).ok_or_else(missing)?
        }
    };
    let text = std::str::from_utf8(file).map_err(|_| wrong("the table is not UTF-8"))?;
    Ok(text.strip_prefix(MARK).unwrap_or(text))
}

fn wrong(details: &str) -> Refused {
    refuse(Key::InvalidPayload, format!(": {details}"))
}

fn boundary(kind: &str) -> Result<&str, Refused> {
    let parts = kind.split(';').filter_map(|part| part.split_once('='));
    let mut boundaries = parts.filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"));
    let found = boundaries.next().map(|(_, value)| value.trim());
    let found = found.map(|value| value.trim_matches('"'));
    let fits = |value: &&str| (1..=MAX_BOUNDARY).contains(&value.len());
    found
        .filter(fits)
        .ok_or_else(|| wrong("the form has no boundary"))
}

/// What the part `file` holds, or the only part with a file's name.
fn file_of<'a>(boundary: &str, body: &'a [u8]) -> Option<&'a [u8]> {
    let limit = format!("\r\n--{boundary}");
    // The first boundary may stand at the very beginning.
    let opening = limit.trim_start_matches("\r\n").as_bytes();
    let mut rest = match body.strip_prefix(opening) {
        Some(rest) => rest,
        None => after(body, limit.as_bytes())?,
    };
    loop {
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, limit.as_bytes())?;
        let (part, following) = part.split_at_checked(end)?;
        let head = find(part, b"\r\n\r\n")?;
        let (head, content) = part.split_at_checked(head)?;
        if is_file(head) {
            return content.strip_prefix(b"\r\n\r\n");
        }
        rest = following.strip_prefix(limit.as_bytes())?;
    }
}

fn is_file(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut lines = head.lines();
    let disposition = lines.find(|line| line.starts_with("content-disposition:"));
    disposition.is_some_and(|line| {
        line.contains("name=\"file\"") || line.contains("name=file") || line.contains("filename")
    })
}

fn after<'a>(text: &'a [u8], what: &[u8]) -> Option<&'a [u8]> {
    text.get(find(text, what)? + what.len()..)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, body: &str, expected: Option<&str>) {
        let headers = [(header::CONTENT_TYPE, kind.parse().unwrap())];
        let headers = HeaderMap::from_iter(headers);
        let text = text_of(&headers, body.as_bytes());
        assert_eq!(text.ok(), expected, "{body}");
    }

    #[test]
    fn a_table_is_the_body_or_the_file_of_a_form() {
        check("text/csv", "Code\r\nA\r\n", Some("Code\r\nA\r\n"));
        check("text/csv", "\u{feff}Code", Some("Code"));
        let form = "multipart/form-data; boundary=\"x-1\"";
        let file = "--x-1\r\nContent-Disposition: form-data; name=\"file\"; \
                    filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\nCode\r\nA\r\n--x-1--\r\n";
        check(form, file, Some("Code\r\nA"));
        let second = format!(
            "preamble\r\n--x-1\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\n\
             --not it--\r\n{file}"
        );
        check(form, &second, Some("Code\r\nA"));
    }

    #[test]
    fn a_form_without_a_file_is_refused() {
        let form = "multipart/form-data; boundary=x";
        let note = "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhi\r\n--x--";
        for body in ["", "--x", "--x\r\n", "--x--", "--x\r\n\r\n", note] {
            check(form, body, None);
        }
        check("multipart/form-data", note, None);
        check("multipart/form-data; boundary=", note, None);
    }
}
