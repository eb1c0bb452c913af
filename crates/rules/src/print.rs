//! How is a condition written? As CEL text that parses back to it.

use std::fmt::{Display, Formatter, Result};

use crate::{Condition, LINES, Op, Operator, Path, Term, Value, lower::text_op_sign, moment};

/// Parses back to an equal condition when this one is as `parse` makes them: nothing of one
/// kind directly inside the same, no list of fewer than two parts, no sum of constants.
impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Always => f.write_str("true"),
            Self::All(parts) if parts.is_empty() => f.write_str("true"),
            Self::Any(parts) if parts.is_empty() => f.write_str("false"),
            Self::All(parts) => joined(f, parts, " && "),
            Self::Any(parts) => joined(f, parts, " || "),
            Self::Not(inner) => match inner.as_ref() {
                Self::Always => f.write_str("false"),
                Self::Known(_) => write!(f, "!{inner}"),
                _ => write!(f, "!({inner})"),
            },
            Self::Test { left, op, right } => test(f, left, *op, right),
            Self::Known(path) => {
                f.write_str("has(")?;
                path_text(f, path)?;
                f.write_str(")")
            }
            Self::AnyLine(inner) => write!(f, "{LINES}.exists(line, {inner})"),
            Self::EveryLine(inner) => write!(f, "{LINES}.all(line, {inner})"),
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Condition], sign: &str) -> Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(sign)?;
        }
        match part {
            Condition::Any(_) => write!(f, "({part})")?,
            _ => write!(f, "{part}")?,
        }
    }
    Ok(())
}

fn test(f: &mut Formatter<'_>, left: &Term, op: Op, right: &Term) -> Result {
    match (left, op, right) {
        (Term::Fact(path), Op::Equal, Term::Value(Value::Bool(true))) => path_text(f, path),
        _ => match text_op_sign(op) {
            Some(name) => write!(f, "{left}.{name}({right})"),
            None => write!(f, "{left} {} {right}", sign(op)),
        },
    }
}

fn sign(op: Op) -> &'static str {
    match op {
        Op::Equal => "==",
        Op::NotEqual => "!=",
        Op::Less => "<",
        Op::AtMost => "<=",
        Op::More => ">",
        Op::AtLeast => ">=",
        Op::In => "in",
        Op::StartsWith | Op::EndsWith | Op::Contains => "",
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Value(value) => value_text(f, value),
            Self::Fact(path) => path_text(f, path),
            Self::Lines(inner) if **inner == Condition::Always => write!(f, "{LINES}.size()"),
            Self::Lines(inner) => write!(f, "{LINES}.filter(line, {inner}).size()"),
            Self::Folded { fold, path, lines } => {
                write!(f, "{LINES}.map(line, ")?;
                if **lines != Condition::Always {
                    write!(f, "{lines}, ")?;
                }
                path_text(f, path)?;
                write!(f, ").{}()", fold.name())
            }
            Self::Size(path) => {
                path_text(f, path)?;
                f.write_str(".size()")
            }
            Self::Told { clock, of } => write!(f, "{}({of})", clock.name()),
            Self::Sum {
                left,
                operator,
                right,
            } => {
                operand(f, left)?;
                write!(f, " {} ", operator_sign(*operator))?;
                operand(f, right)
            }
        }
    }
}

fn operand(f: &mut Formatter<'_>, term: &Term) -> Result {
    match term {
        Term::Sum { .. } => write!(f, "({term})"),
        _ => write!(f, "{term}"),
    }
}

fn operator_sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Plus => "+",
        Operator::Minus => "-",
        Operator::Times => "*",
        Operator::Over => "/",
        Operator::Modulo => "%",
    }
}

fn value_text(f: &mut Formatter<'_>, value: &Value) -> Result {
    match value {
        Value::Bool(value) => write!(f, "{value}"),
        Value::Int(value) => write!(f, "{value}"),
        Value::Text(text) => quoted(f, text),
        Value::Time(at) => write!(f, "timestamp(\"{}\")", moment::timestamp_text(*at)),
        Value::Duration(span) => write!(f, "duration(\"{}\")", moment::duration_text(*span)),
        Value::Fraction(fraction) => write!(f, "{fraction}"),
        Value::List(items) => {
            f.write_str("[")?;
            for (at, item) in items.iter().enumerate() {
                f.write_str(if at > 0 { ", " } else { "" })?;
                value_text(f, item)?;
            }
            f.write_str("]")
        }
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_str("\"")?;
    for letter in text.chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            letter if letter.is_control() => write!(f, "\\u{:04x}", u32::from(letter))?,
            letter => write!(f, "{letter}")?,
        }
    }
    f.write_str("\"")
}

/// A part of the path that is no CEL name is written as a key: `customer.metadata["shoe size"]`.
fn path_text(f: &mut Formatter<'_>, path: &Path) -> Result {
    for (at, part) in path.as_str().split('.').enumerate() {
        if at == 0 {
            f.write_str(part)?;
        } else if is_name(part) {
            write!(f, ".{part}")?;
        } else {
            f.write_str("[")?;
            quoted(f, part)?;
            f.write_str("]")?;
        }
    }
    Ok(())
}

fn is_name(part: &str) -> bool {
    let keyword = matches!(part, "in" | "true" | "false" | "null");
    let letters = part
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    letters && !keyword && part.starts_with(|first: char| !first.is_ascii_digit())
}
