//! How is a formula read? By descent: `OR`, `AND`, comparisons, sums, products, names and calls.

use std::fmt;

use rust_decimal::Decimal;

use super::{Function, Line, NOW, Node, Operator, Unit};

/// Longer texts are refused.
const MAX_BYTES: usize = 2_000;
/// Brackets within brackets.
const MAX_DEPTH: u8 = 32;
/// Each stands on what stands before it: so deep is what is counted.
const MAX_OPERATORS: u8 = 200;

/// Why a text is not a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAFormula {
    /// Byte offset in the text.
    pub at: usize,
    /// A sentence a person can act on.
    pub message: String,
}

impl fmt::Display for NotAFormula {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "at byte {}: {}", self.at, self.message)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'t> {
    Number(Decimal),
    Text(&'t str),
    Name(&'t str),
    Sign(&'t str),
}

const SIGNS: [&str; 14] = [
    ">=", "<=", "!=", ">", "<", "=", "+", "-", "*", "/", "%", "(", ")", ";",
];

pub(super) fn parse(text: &str) -> Result<Node, NotAFormula> {
    if text.len() > MAX_BYTES {
        return Err(wrong(MAX_BYTES, format!("longer than {MAX_BYTES} bytes")));
    }
    let mut reader = Reader {
        tokens: tokens(text)?,
        next: 0,
        end: text.len(),
        depth: 0,
        operators: 0,
    };
    let node = reader.any()?;
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unexpected("an operator or the end")),
    }
}

fn wrong(at: usize, message: impl Into<String>) -> NotAFormula {
    let message = message.into();
    NotAFormula { at, message }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token<'_>)>, NotAFormula> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let space = rest.len() - rest.trim_start().len();
        if space > 0 {
            at += space;
            continue;
        }
        let (token, length) = token(rest).map_err(|message| wrong(at, message))?;
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

/// The first token of a text, and its length.
fn token(text: &str) -> Result<(Token<'_>, usize), &'static str> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (inner, _) = quoted.split_once('"').ok_or("the quote is not closed")?;
        return Ok((Token::Text(inner), inner.len() + 2));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| text.starts_with(**sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let length = text.find(|c| !is_of_word(c)).unwrap_or(text.len());
    match text.split_at(length).0 {
        "" => Err("is not a name, a number or an operator"),
        word if word.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            let number = Decimal::from_str_exact(word).map_err(|_| "is not a number")?;
            Ok((Token::Number(number), length))
        }
        word => Ok((Token::Name(word), length)),
    }
}

struct Reader<'t> {
    tokens: Vec<(usize, Token<'t>)>,
    next: usize,
    end: usize,
    depth: u8,
    operators: u8,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).map(|(_, token)| *token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn unexpected(&self, wanted: &str) -> NotAFormula {
        let found = match self.peek() {
            None => "the formula ends".to_owned(),
            Some(Token::Number(number)) => format!("{number} stands"),
            Some(Token::Text(text)) => format!("\"{text}\" stands"),
            Some(Token::Name(name) | Token::Sign(name)) => format!("{name} stands"),
        };
        wrong(self.at(), format!("{found} where {wanted} should"))
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_next = self.peek() == Some(Token::Sign(sign));
        self.next += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), NotAFormula> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(self.unexpected(sign)),
        }
    }

    fn any(&mut self) -> Result<Node, NotAFormula> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} brackets within each other");
            return Err(wrong(self.at(), message));
        }
        let node = self.chain(Self::all, |word| match word {
            Token::Name("OR") => Some((Operator::Or, Turned::No)),
            _ => None,
        });
        self.depth -= 1;
        node
    }

    fn all(&mut self) -> Result<Node, NotAFormula> {
        self.chain(Self::comparison, |word| match word {
            Token::Name("AND") => Some((Operator::And, Turned::No)),
            _ => None,
        })
    }

    fn comparison(&mut self) -> Result<Node, NotAFormula> {
        self.chain(Self::sum, comparison)
    }

    fn sum(&mut self) -> Result<Node, NotAFormula> {
        self.chain(Self::product, |sign| match sign {
            Token::Sign("+") => Some((Operator::Plus, Turned::No)),
            Token::Sign("-") => Some((Operator::Minus, Turned::No)),
            _ => None,
        })
    }

    fn product(&mut self) -> Result<Node, NotAFormula> {
        self.chain(Self::single, |sign| match sign {
            Token::Sign("*") => Some((Operator::Times, Turned::No)),
            Token::Sign("/") => Some((Operator::Over, Turned::No)),
            Token::Sign("%") => Some((Operator::Modulo, Turned::No)),
            _ => None,
        })
    }

    /// Operators of one rank, from left to right.
    fn chain(
        &mut self,
        inner: fn(&mut Self) -> Result<Node, NotAFormula>,
        of: fn(Token<'_>) -> Option<(Operator, Turned)>,
    ) -> Result<Node, NotAFormula> {
        let mut left = inner(self)?;
        while let Some((operator, turned)) = self.peek().and_then(of) {
            if self.operators == MAX_OPERATORS {
                let message = format!("more than {MAX_OPERATORS} operators");
                return Err(wrong(self.at(), message));
            }
            self.operators += 1;
            self.next += 1;
            let right = inner(self)?;
            let sides = match turned {
                Turned::Sides => (right, left),
                Turned::No | Turned::Answer => (left, right),
            };
            left = Node::Binary(operator, Box::new(sides));
            if turned == Turned::Answer {
                left = Node::Not(Box::new(left));
            }
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Node, NotAFormula> {
        if self.takes("-") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(wrong(self.at(), "too many signs"));
            }
            let inner = self.single()?;
            self.depth -= 1;
            return Ok(Node::Negative(Box::new(inner)));
        }
        if self.takes("(") {
            let inner = self.any()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let (at, token) = (self.at(), self.peek());
        let node = match token {
            Some(Token::Number(number)) => Node::Number(number),
            Some(Token::Text(text)) => Node::Text(text.into()),
            Some(Token::Name(name)) => {
                self.next += 1;
                return self.named(name, at);
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.next += 1;
        Ok(node)
    }

    fn named(&mut self, name: &'t str, at: usize) -> Result<Node, NotAFormula> {
        let (line, name) = match name.split_once("_ORDER_ITEM_") {
            Some(("CHEAPEST", _)) => (Some(Line::Cheapest), after(name, "CHEAPEST_")),
            Some(("MOST_EXPENSIVE", _)) => (Some(Line::Dearest), after(name, "MOST_EXPENSIVE_")),
            _ => (None, name),
        };
        let of = |node| match line {
            Some(line) => Node::Of(line, Box::new(node)),
            None => node,
        };
        if let Some(node) = plain(name) {
            // `TODAY()` is as good as `TODAY`.
            if self.takes("(") {
                self.expect(")")?;
            }
            return Ok(of(node));
        }
        if let Some(prefix) = keyed(name) {
            return self.key(prefix).map(of);
        }
        if let Some((operator @ Operator::Since(_), turned)) = comparison(Token::Name(name)) {
            return self.since_now(operator, turned);
        }
        let function = function(name);
        let function = function.ok_or_else(|| wrong(at, format!("{name} is not known")))?;
        let arguments = self.arguments()?;
        match takes(function, arguments.len()) {
            true => Ok(Node::Call(function, arguments)),
            false => Err(wrong(at, format!("{name} has the wrong number of values"))),
        }
    }

    /// `DAYS_SINCE(date)` is said of now.
    fn since_now(&mut self, operator: Operator, turned: Turned) -> Result<Node, NotAFormula> {
        self.expect("(")?;
        let date = self.any()?;
        self.expect(")")?;
        let now = Node::Fact(NOW.into());
        let sides = match turned {
            Turned::Sides => (date, now),
            Turned::No | Turned::Answer => (now, date),
        };
        Ok(Node::Binary(operator, Box::new(sides)))
    }

    /// `("key")`.
    fn key(&mut self, prefix: &str) -> Result<Node, NotAFormula> {
        self.expect("(")?;
        let Some(Token::Text(key)) = self.peek() else {
            return Err(self.unexpected("a key in quotes"));
        };
        self.next += 1;
        self.expect(")")?;
        Ok(Node::Fact(format!("{prefix}.{key}").into()))
    }

    fn arguments(&mut self) -> Result<Vec<Node>, NotAFormula> {
        self.expect("(")?;
        let mut arguments = vec![self.any()?];
        while self.takes(";") {
            arguments.push(self.any()?);
        }
        self.expect(")")?;
        Ok(arguments)
    }
}

fn after<'t>(name: &'t str, prefix: &str) -> &'t str {
    name.strip_prefix(prefix).unwrap_or(name)
}

/// How an operator is said with another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turned {
    No,
    /// Its sides change places.
    Sides,
    /// Its answer is the opposite.
    Answer,
}

fn comparison(token: Token<'_>) -> Option<(Operator, Turned)> {
    let (Token::Sign(word) | Token::Name(word)) = token else {
        return None;
    };
    let plain = |operator| Some((operator, Turned::No));
    match word {
        "=" | "is" | "IS" => plain(Operator::Equal),
        "!=" | "isNot" | "IS_NOT" => Some((Operator::Equal, Turned::Answer)),
        ">" => plain(Operator::More),
        "<" => plain(Operator::Less),
        ">=" => plain(Operator::AtLeast),
        "<=" => plain(Operator::AtMost),
        "contains" | "CONTAINS" => plain(Operator::Contains),
        "startsWith" | "STARTS_WITH" => plain(Operator::StartsWith),
        "endsWith" | "ENDS_WITH" => plain(Operator::EndsWith),
        "IN_ARRAY" => plain(Operator::In),
        "NOT_IN_ARRAY" => Some((Operator::In, Turned::Answer)),
        "DATE_IS" => plain(Operator::IsDay),
        "DATE_IS_NOT" => Some((Operator::IsDay, Turned::Answer)),
        "IS_AFTER" => plain(Operator::IsAfter),
        "IS_BEFORE" => plain(Operator::IsBefore),
        "DAYS_SINCE" => plain(Operator::Since(Unit::Days)),
        "MONTHS_SINCE" => plain(Operator::Since(Unit::Months)),
        "YEARS_SINCE" => plain(Operator::Since(Unit::Years)),
        "DAYS_UNTIL" => Some((Operator::Since(Unit::Days), Turned::Sides)),
        "MONTHS_UNTIL" => Some((Operator::Since(Unit::Months), Turned::Sides)),
        _ => None,
    }
}

/// What a bare name stands for.
fn plain(name: &str) -> Option<Node> {
    let money = |path: &str| Some(Node::Money(path.into()));
    let fact = |path: &str| Some(Node::Fact(path.into()));
    match name {
        "ORDER_AMOUNT" => money("order.amount"),
        "ORDER_ITEM_PRICE" => money("line.price"),
        "ORDER_ITEM_AMOUNT" => money("line.amount"),
        "ORDER_ITEM_SUBTOTAL" => money("line.subtotal"),
        "ORDER_ITEM_UNITS_QUANTITY" => fact("line.quantity"),
        "ORDER_ITEMS_QUANTITY" => fact("order.items.count"),
        "ORDER_UNITS_QUANTITY" => fact("order.units"),
        "CUSTOMER_BIRTHDATE" => fact("customer.birthdate"),
        "VOUCHER_REDEMPTION_QUANTITY" => fact("voucher.redemption_quantity"),
        "VOUCHER_REDEEMED_QUANTITY" => fact("voucher.redeemed_quantity"),
        "VOUCHER_PUBLISH_COUNT" => fact("voucher.publish_count"),
        "VOUCHER_START_DATE" => fact("voucher.start_date"),
        "VOUCHER_EXPIRATION_DATE" => fact("voucher.expiration_date"),
        "PROMOTION_TIER_START_DATE" => fact("promotion_tier.start_date"),
        "PROMOTION_TIER_EXPIRATION_DATE" => fact("promotion_tier.expiration_date"),
        "NOW" => fact(NOW),
        "TODAY" => Some(Node::Today),
        _ => None,
    }
}

/// What a name with a key begins with.
fn keyed(name: &str) -> Option<&'static str> {
    Some(match name {
        "ORDER_METADATA" => "order.metadata",
        "CUSTOMER_METADATA" => "customer.metadata",
        "REDEMPTION_METADATA" => "redemption.metadata",
        "REDEEMABLE_METADATA" => "redeemable.metadata",
        "PUBLICATION_METADATA" => "publication.metadata",
        "ORDER_ITEM_METADATA" | "ORDER_ITEM_PRODUCT_METADATA" => "line.metadata",
        _ => return None,
    })
}

fn function(name: &str) -> Option<Function> {
    Some(match name {
        "MIN" => Function::Min,
        "MAX" => Function::Max,
        "POW" => Function::Pow,
        "IF" => Function::If,
        "DEFAULT_TO" => Function::DefaultTo,
        "ROUND" => Function::Round,
        "FLOOR" => Function::Floor,
        "CEIL" => Function::Ceil,
        "SWITCH" => Function::Switch,
        "SWITCH_CASE" => Function::Case,
        "DATE" | "DATE_TIME" => Function::Date,
        "DAY_OF_MONTH" => Function::DayOfMonth,
        "MONTH" => Function::Month,
        "YEAR" => Function::Year,
        _ => return None,
    })
}

fn takes(function: Function, values: usize) -> bool {
    match function {
        Function::Min | Function::Max => values >= 1,
        Function::Pow | Function::DefaultTo | Function::Case => values == 2,
        Function::If => values == 3,
        Function::Round | Function::Floor | Function::Ceil => (1..=2).contains(&values),
        Function::Switch => values >= 2,
        Function::Date | Function::DayOfMonth | Function::Month | Function::Year => values == 1,
    }
}
