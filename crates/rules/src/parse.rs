//! How does CEL text become a condition?
//!
//! The parser of the `cel` crate reads the text; [`crate::lower`] keeps what is in the closed
//! set. Limits come first, because that parser has none on the length of a chain.

use std::collections::BTreeMap;

use cel::{ParseError, parser::Parser};

use crate::{Condition, Diagnostic, Path, lower};

/// Bytes of a text.
pub const MAX_SOURCE: usize = 16_384;
/// Words and signs of a text, those between the items of a list not counted.
pub const MAX_TOKENS: usize = 1_000;
/// Brackets inside brackets. The parser takes some 130 KiB of stack for each when it is not
/// optimised, and threads have 2 MiB.
pub const MAX_BRACKETS: usize = 10;
/// Conditions inside conditions, and calculations inside calculations.
pub const MAX_DEPTH: usize = 24;
/// Tests, facts and values of a condition, items of a list not counted.
pub const MAX_NODES: usize = 500;
/// Items of a list.
pub const MAX_LIST: usize = 1_000;

/// Parses CEL text.
///
/// # Errors
/// Every refusal found, each with its byte offset, in the order of the text.
pub fn parse(text: &str) -> Result<Condition, Vec<Diagnostic>> {
    parse_with_places(text).map(|(condition, _)| condition)
}

/// As [`parse`], with the byte offset at which each fact is first read.
pub(crate) fn parse_with_places(
    text: &str,
) -> Result<(Condition, BTreeMap<Path, usize>), Vec<Diagnostic>> {
    within_limits(text).map_err(|refusal| vec![refusal])?;
    let parser = Parser::default().max_recursion_depth(MAX_BRACKETS as u16 + 2);
    let (tree, source) = parser.parse_with_source_info(text).map_err(|found| {
        found
            .errors
            .into_iter()
            .map(|error| syntax(text, error))
            .collect::<Vec<_>>()
    })?;
    lower::lower(&tree, &source)
}

/// The parser names a line and a column, both counted from one.
fn syntax(text: &str, error: ParseError) -> Diagnostic {
    let (line, column) = (error.pos.0.max(1), error.pos.1.max(1));
    let (line, column) = (line.unsigned_abs() - 1, column.unsigned_abs() - 1);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let within = text.split_inclusive('\n').nth(line).unwrap_or_default();
    let at = before
        + within
            .chars()
            .take(column)
            .map(char::len_utf8)
            .sum::<usize>();
    let what = error
        .msg
        .trim_start_matches("Syntax error: ")
        .replace('\n', " ");
    Diagnostic {
        at,
        code: "syntax",
        message: format!("This is not a CEL expression: {what}."),
    }
}

/// Refuses what is too long or too deep before the parser, which recurses over both, sees it.
fn within_limits(text: &str) -> Result<(), Diagnostic> {
    if text.len() > MAX_SOURCE {
        let message = format!("A condition may be at most {MAX_SOURCE} bytes long.");
        return Err(Diagnostic {
            at: MAX_SOURCE,
            code: "source_too_long",
            message,
        });
    }
    let (mut tokens, mut depth) = (0, 0_usize);
    let mut scanner = Scanner { text, at: 0 };
    while let Some((at, token)) = scanner.next() {
        tokens += usize::from(!matches!(token, ',' | '"'));
        match token {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if tokens > MAX_TOKENS {
            let message = format!("A condition may have at most {MAX_TOKENS} words and signs.");
            return Err(Diagnostic {
                at,
                code: "too_many_tokens",
                message,
            });
        }
        if depth > MAX_BRACKETS {
            let message = format!("Brackets may be nested at most {MAX_BRACKETS} deep.");
            return Err(Diagnostic {
                at,
                code: "too_deep",
                message,
            });
        }
    }
    Ok(())
}

/// Whether a backslash means itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Escaped,
    Raw,
}

/// Walks over words, signs and quoted texts, well enough to count them.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    /// The next token's place and first letter; `"` for any quoted text, `,` also for a number
    /// (the items of a list are counted by their own limit).
    fn next(&mut self) -> Option<(usize, char)> {
        self.skip_while(char::is_whitespace);
        let at = self.at;
        let rest = self.text.get(at..)?;
        let first = rest.chars().next()?;
        self.at += first.len_utf8();
        match first {
            '"' | '\'' => return Some((at, self.quoted(Quoting::Escaped))),
            '/' if rest.starts_with("//") => self.skip_while(|letter| letter != '\n'),
            letter if is_word(letter) => {
                self.skip_while(is_word);
                return Some((at, self.end_of_word(at)));
            }
            _ => {}
        }
        Some((at, first))
    }

    /// A word may be a number, or the prefix of a quoted text (`r"…"`).
    fn end_of_word(&mut self, at: usize) -> char {
        let word = self.text.get(at..self.at).unwrap_or_default();
        let quote = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next());
        let prefix = ["", "r", "b", "br"].contains(&word.to_ascii_lowercase().as_str());
        match quote {
            Some('"' | '\'') if prefix => {
                self.at += 1;
                self.quoted(match word.ends_with(['r', 'R']) {
                    true => Quoting::Raw,
                    false => Quoting::Escaped,
                })
            }
            _ if word.starts_with(|letter: char| letter.is_ascii_digit()) => ',',
            _ => 'a',
        }
    }

    /// Stands after the opening quote and skips to after the closing one. What the parser would
    /// not take for a quoted text is not skipped, so that its inside is counted.
    fn quoted(&mut self, quoting: Quoting) -> char {
        let quote = self.text.get(self.at - 1..self.at).unwrap_or_default();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let triple = quote.repeat(3);
        let many_lines = rest.starts_with(triple.get(1..).unwrap_or_default());
        let close = if many_lines { triple.as_str() } else { quote };
        let opened = close.len() - 1;
        match rest
            .get(opened..)
            .and_then(|rest| quoted_length(rest, close, quoting))
        {
            Some(length) => {
                self.at += opened + length;
                '"'
            }
            None => 'a',
        }
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.find(|letter| !keep(letter)).unwrap_or(rest.len());
    }
}

/// Bytes up to and with the closing quote, when there is one before the text breaks off.
fn quoted_length(text: &str, close: &str, quoting: Quoting) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with(close) {
            return Some(at + close.len());
        }
        at += match rest.chars().next()? {
            '\n' | '\r' if close.len() == 1 => return None,
            '\\' if quoting == Quoting::Escaped => escape_length(rest)?,
            letter => letter.len_utf8(),
        };
    }
}

/// Bytes of an escape as CEL knows them.
fn escape_length(text: &str) -> Option<usize> {
    let (radix, digits, length) = match text.chars().nth(1)? {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`' => return Some(2),
        'x' | 'X' => (16, text.get(2..4)?, 4),
        'u' => (16, text.get(2..6)?, 6),
        'U' => (16, text.get(2..10)?, 10),
        '0'..='3' => (8, text.get(1..4)?, 4),
        _ => return None,
    };
    digits
        .chars()
        .all(|digit| digit.is_digit(radix))
        .then_some(length)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
