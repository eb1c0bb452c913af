//! Does a text fit a sentence, what stands in its places, and how far is it from fitting?

use std::collections::BTreeMap;

/// What may stand in a place of a sentence, by the name of the place.
pub(super) struct Place {
    pub name: &'static str,
    pub meaning: &'static str,
    accepts: fn(&str) -> bool,
}

const fn place(name: &'static str, accepts: fn(&str) -> bool, meaning: &'static str) -> Place {
    Place {
        name,
        meaning,
        accepts,
    }
}

pub(super) const PLACES: &[Place] = &[
    place(
        "who",
        is_somebody,
        "a customer or a device, in small letters, `the` before it or not: `the guest`",
    ),
    place("other", is_somebody, "another customer or device"),
    place(
        "name",
        is_capital,
        "a campaign or a code, in capitals: `SPRING`",
    ),
    place("code", is_capital, "a code, in capitals: `HELLO`"),
    place(
        "names",
        is_names,
        "campaigns with commas between: `SHIP, TEN`",
    ),
    place(
        "sku",
        is_lower,
        "a product, in small letters; `4 mugs` are four of `mug`",
    ),
    place("category", is_lower, "a category, in small letters"),
    place("amount", is_amount, "money, with two places: `8.00`"),
    place("total", is_amount, "money"),
    place("spent", is_amount, "money"),
    place("held", is_amount, "money"),
    place("revenue", is_amount, "money"),
    place("cost", is_amount, "money"),
    place("discount", is_amount, "money"),
    place("left", is_amount, "money"),
    place("low", is_signed, "money, perhaps below zero: `-1.50`"),
    place("high", is_signed, "money, perhaps below zero"),
    place("effect", is_signed, "money, perhaps below zero"),
    place("count", is_count, "a whole number"),
    place("order", is_count, "the number of an order"),
    place("line", is_count, "a line of the order, from 1"),
    place("times", is_count, "a whole number"),
    place("rate", is_rate, "per cent: `10` or `12.5`"),
    place("time", is_time, "a time of day: `12:30`"),
    place(
        "unit",
        is_unit,
        "`uses` or `touches`, or one `use` or `touch`",
    ),
    place(
        "span",
        is_span,
        "`minutes`, `hours` or `days`, or one of them",
    ),
    place("side", is_side, "`inside` or `outside`"),
    place("status", is_lower, "what becomes of an order: `paid`"),
    place(
        "events",
        is_events,
        "names of events with commas between: `redemption.failed, voucher.created`",
    ),
    place("path", is_path, "the name of a fact: `customer.stage`"),
    place("terms", is_text, "terms, as listed below"),
    place("guardrail", is_text, "a guardrail, as listed below"),
    place("goods", is_text, "goods, as listed below"),
    place("reason", is_text, "a reason, as listed below"),
    place("text", is_text, "any text"),
    place("formula", is_text, "a formula"),
];

/// What stood in the places of a sentence.
pub(super) struct Found<'a>(BTreeMap<&'static str, &'a str>);

impl<'a> Found<'a> {
    /// What stood in an optional place.
    pub(super) fn may(&self, place: &str) -> Option<&'a str> {
        self.0.get(place).copied()
    }

    /// What stood in a place; a pattern that has it never matches without it.
    pub(super) fn text(&self, place: &str) -> &'a str {
        self.may(place).unwrap_or_default()
    }
}

/// What stands in the places of a pattern, if the text fits it. In a pattern, `{amount}` is a
/// place and what stands in square brackets may be left out.
pub(super) fn find<'a>(pattern: &'static str, text: &'a str) -> Option<Found<'a>> {
    let mut forms = forms(pattern).into_iter();
    forms.find_map(|form| {
        let mut found = BTreeMap::new();
        fit(&form, text, &mut found).then_some(Found(found))
    })
}

/// Twice the words to add, drop or change until a text fits a pattern (Levenshtein 1966). A word
/// with a typing error counts half, and so does one in a place that it does not suit, or where
/// any text would.
pub(super) fn distance(pattern: &'static str, text: &str) -> usize {
    let words: Vec<&str> = text.split_whitespace().collect();
    let costs = forms(pattern).into_iter().map(|form| {
        let form = spelled(&form);
        let wanted: Vec<&str> = form.split_whitespace().collect();
        edits(&wanted, &words, |wanted, word| unlike(wanted, word))
    });
    costs.min().unwrap_or(usize::MAX)
}

/// The cheapest way from one sequence to another, row by row (Wagner, Fischer 1974), where to add
/// or drop costs 2 and to change costs what `change` says, 0 to 2.
fn edits<T>(from: &[T], to: &[T], change: impl Fn(&T, &T) -> usize) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).map(|count| 2 * count).collect();
    for wanted in from {
        let mut next = vec![row.first().copied().unwrap_or_default() + 2];
        for ((diagonal, above), word) in row.iter().zip(row.iter().skip(1)).zip(to) {
            let left = next.last().copied().unwrap_or_default();
            let changed = diagonal + change(wanted, word);
            next.push(changed.min(above + 2).min(left + 2));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn unlike(wanted: &str, word: &str) -> usize {
    let trimmed = |word: &str| word.trim_matches([',', ':', '.', '(', ')']).to_owned();
    let (wanted, word) = (trimmed(wanted), trimmed(word));
    let place = wanted
        .strip_prefix('{')
        .and_then(|name| name.strip_suffix('}'));
    if let Some(place) = place {
        let is_free = accepts(place, "any text: at all");
        return usize::from(is_free || !accepts(place, &word));
    }
    let letters = |word: &str| word.to_lowercase().chars().collect::<Vec<char>>();
    let wrong = edits(&letters(&wanted), &letters(&word), |a, b| {
        2 * usize::from(a != b)
    });
    match wrong {
        0 => 0,
        1..=4 if wanted.len() > 3 => 1,
        _ => 2,
    }
}

#[derive(Clone, Copy)]
enum Piece {
    Text(&'static str),
    Place(&'static str),
}

type Form = Vec<Piece>;

fn spelled(form: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => (*text).to_owned(),
        Piece::Place(name) => format!("{{{name}}}"),
    };
    form.iter().map(piece).collect()
}

/// Every way to read a pattern: with and without each part in brackets, fullest first.
fn forms(pattern: &'static str) -> Vec<Form> {
    let mut forms: Vec<Form> = vec![Vec::new()];
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('[') {
        let (optional, after) = after.split_once(']').unwrap_or((after, ""));
        forms
            .iter_mut()
            .for_each(|form| form.extend(pieces(before)));
        let without = forms.clone();
        forms
            .iter_mut()
            .for_each(|form| form.extend(pieces(optional)));
        forms.extend(without);
        rest = after;
    }
    forms.iter_mut().for_each(|form| form.extend(pieces(rest)));
    forms
}

fn pieces(text: &'static str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Place(name));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Takes the shortest that fits each place, and goes back where the rest does not fit.
fn fit<'a>(form: &[Piece], text: &'a str, found: &mut BTreeMap<&'static str, &'a str>) -> bool {
    let Some((piece, rest)) = form.split_first() else {
        return text.is_empty();
    };
    match piece {
        Piece::Text(literal) => match text.strip_prefix(*literal) {
            Some(after) => fit(rest, after, found),
            None => false,
        },
        Piece::Place(name) => {
            let ends = text.char_indices().map(|(at, _)| at).skip(1);
            let mut ends = ends.chain([text.len()]);
            let end = ends.find(|end| {
                let (taken, after) = text.split_at(*end);
                accepts(name, taken) && fit(rest, after, found)
            });
            if let Some((taken, _)) = end.and_then(|end| text.split_at_checked(end)) {
                found.insert(name, meant(name, taken));
            }
            end.is_some()
        }
    }
}

/// Who is meant goes without an article.
fn meant<'a>(place: &str, taken: &'a str) -> &'a str {
    match place {
        "who" | "other" => without_article(taken),
        _ => taken,
    }
}

fn without_article(who: &str) -> &str {
    who.strip_prefix("the ").unwrap_or(who)
}

fn accepts(place: &str, text: &str) -> bool {
    let mut places = PLACES.iter();
    places.any(|known| known.name == place && (known.accepts)(text))
}

fn is_word(text: &str, first: fn(char) -> bool) -> bool {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    text.starts_with(first) && text.chars().all(inner)
}

fn is_lower(text: &str) -> bool {
    is_word(text, |first| first.is_ascii_lowercase())
}

fn is_somebody(text: &str) -> bool {
    is_lower(without_article(text))
}

fn is_events(text: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_lowercase() || letter == '.' || letter == '_';
    text.split(", ")
        .all(|name| !name.is_empty() && name.chars().all(inner))
}

fn is_capital(text: &str) -> bool {
    is_word(text, |first| first.is_ascii_uppercase())
        && !text.contains(|letter: char| letter.is_ascii_lowercase())
}

fn is_names(text: &str) -> bool {
    text.split(", ").all(is_capital)
}

fn is_count(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit())
}

fn is_amount(text: &str) -> bool {
    text.split_once('.')
        .is_some_and(|(whole, cents)| is_count(whole) && is_count(cents) && cents.len() == 2)
}

fn is_signed(text: &str) -> bool {
    is_amount(text.strip_prefix('-').unwrap_or(text))
}

fn is_rate(text: &str) -> bool {
    match text.split_once('.') {
        Some((whole, part)) => is_count(whole) && is_count(part),
        None => is_count(text),
    }
}

fn is_time(text: &str) -> bool {
    text.split_once(':').is_some_and(|(hour, minute)| {
        is_count(hour) && is_count(minute) && hour.len() == 2 && minute.len() == 2
    })
}

fn is_unit(text: &str) -> bool {
    ["uses", "touches", "use", "touch"].contains(&text)
}

fn is_span(text: &str) -> bool {
    ["minutes", "hours", "days", "minute", "hour", "day"].contains(&text)
}

fn is_side(text: &str) -> bool {
    ["inside", "outside"].contains(&text)
}

fn is_path(text: &str) -> bool {
    text.starts_with("customer.") && !text.contains(' ')
}

fn is_text(text: &str) -> bool {
    !text.is_empty()
}
