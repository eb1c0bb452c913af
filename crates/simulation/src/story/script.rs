//! What does a story say, line by line?

use super::pattern::{self, Found};
use super::shop;
use super::stage::{Sentence, sentences};
use super::terms::nearest;

const KEYWORDS: [&str; 4] = ["Given", "When", "Then", "And"];

/// A story as it was read: every line is understood.
#[derive(Debug)]
pub struct Story {
    file: String,
    title: String,
    proves: Vec<String>,
    lines: Vec<Line>,
}

/// Where a story failed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `02-the-budget-runs-out.story:7`.
    pub place: String,
    pub line: String,
    pub reason: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Failure {
            place,
            line,
            reason,
        } = self;
        write!(f, "{place}: {line}\n    {reason}")
    }
}

/// Whether a sentence does something or says what must be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Act,
    Claim,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    number: usize,
    text: String,
    pub side: Side,
    pub sentence: String,
    /// The time of day it happens at, where the line says so.
    pub at: Option<String>,
}

impl Line {
    /// The sentence of the table that this line fits.
    pub(super) fn meaning(&self) -> Option<(&'static Sentence, Found<'_>)> {
        fitting(self.side, &self.sentence)
    }

    /// What is claimed, with the last digit of one figure changed; which order or line it speaks of
    /// is none.
    pub(super) fn misstated(&self) -> Vec<Line> {
        let words: Vec<&str> = self.sentence.split(' ').collect();
        let is_figure = |at: usize| {
            let before = at.checked_sub(1).and_then(|before| words.get(before));
            before.is_none_or(|word| !["order", "line"].contains(word))
        };
        let changed = |at: usize| {
            let wrong = misstated(words.get(at).filter(|_| is_figure(at))?)?;
            let mut words: Vec<&str> = words.clone();
            *words.get_mut(at)? = &wrong;
            let sentence = words.join(" ");
            Some(Line {
                sentence,
                ..self.clone()
            })
        };
        match self.side {
            Side::Act => Vec::new(),
            Side::Claim => (0..words.len()).filter_map(changed).collect(),
        }
    }
}

impl Story {
    /// Reads a story; `file` is how its places are told.
    ///
    /// # Errors
    /// The first line that cannot be understood, with the nearest sentence that can.
    pub fn read(file: &str, text: &str) -> Result<Story, Failure> {
        let mut story = Story {
            file: file.to_owned(),
            title: String::new(),
            proves: Vec::new(),
            lines: Vec::new(),
        };
        for (number, text) in (1..).zip(text.lines()) {
            story.take(number, text.trim()).map_err(|reason| Failure {
                place: format!("{file}:{number}"),
                line: text.to_owned(),
                reason,
            })?;
        }
        let missing = [
            (
                story.title.is_empty(),
                "a title, as in “# 01 – first offer”",
            ),
            (
                story.proves.is_empty(),
                "what it proves, as in “Proves: D05, E01”",
            ),
            (story.lines.is_empty(), "something that happens"),
        ];
        match missing.into_iter().find(|(is_missing, _)| *is_missing) {
            Some((_, what)) => Err(Failure {
                place: format!("{file}:1"),
                line: String::new(),
                reason: format!("the story lacks {what}"),
            }),
            None => Ok(story),
        }
    }

    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The ids of the demands it proves.
    #[must_use]
    pub fn proves(&self) -> &[String] {
        &self.proves
    }

    /// Whether it is of a shop: then the core alone cannot be told it.
    #[must_use]
    pub fn is_of_shop(&self) -> bool {
        let of_shop = |line: &Line| {
            let (said, _) = line.meaning()?;
            let mut known = shop::sentences(line.side).iter();
            known.find(|known| known.pattern == said.pattern)
        };
        self.lines.iter().any(|line| of_shop(line).is_some())
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub(super) fn failure(&self, line: &Line, reason: String) -> Failure {
        Failure {
            place: format!("{}:{}", self.file, line.number),
            line: line.text.clone(),
            reason,
        }
    }

    fn take(&mut self, number: usize, text: &str) -> Result<(), String> {
        if let Some(title) = text.strip_prefix("# ") {
            self.title = title.trim().to_owned();
        } else if let Some(ids) = text.strip_prefix("Proves:") {
            self.proves = ids
                .split(',')
                .map(|id| demand(id.trim()))
                .collect::<Result<_, _>>()?;
        } else if !text.is_empty() {
            let line = self.line(number, text)?;
            self.lines.push(line);
        }
        Ok(())
    }

    fn line(&self, number: usize, text: &str) -> Result<Line, String> {
        let (keyword, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let side = match (keyword, self.lines.last()) {
            ("Given" | "When", _) => Side::Act,
            ("Then", _) => Side::Claim,
            ("And", Some(before)) => before.side,
            ("And", None) => return Err("a story begins with Given or When".to_owned()),
            _ => {
                let nearest = nearest(KEYWORDS.into_iter(), keyword);
                return Err(format!(
                    "a line begins with Given, When, Then or And; the nearest is {nearest}"
                ));
            }
        };
        let (sentence, at) = timed(rest.trim());
        let line = Line {
            number,
            text: text.to_owned(),
            side,
            sentence: sentence.to_owned(),
            at: at.map(str::to_owned),
        };
        match line.meaning() {
            Some(_) => Ok(line),
            None => Err(not_understood(&line)),
        }
    }
}

/// A number with another last digit, and what stands behind it.
fn misstated(word: &str) -> Option<String> {
    let number = word.trim_end_matches([',', '.', ':']);
    let is_number = |letter: char| letter.is_ascii_digit() || ".:-".contains(letter);
    let digits = number.strip_suffix(|last: char| last.is_ascii_digit())?;
    let last = number.chars().last()?.to_digit(10)?;
    let behind = word.strip_prefix(number)?;
    digits
        .chars()
        .all(is_number)
        .then(|| format!("{digits}{}{behind}", (last + 1) % 10))
}

/// A capital letter and two digits.
fn demand(id: &str) -> Result<String, String> {
    let mut letters = id.chars();
    let is_id = letters
        .next()
        .is_some_and(|first| first.is_ascii_uppercase())
        && id.len() == 3
        && letters.all(|digit| digit.is_ascii_digit());
    is_id
        .then(|| id.to_owned())
        .ok_or_else(|| format!("“{id}” is no demand; they read D05"))
}

/// `ann pays order 1   (12:00)` is a sentence and a time.
fn timed(text: &str) -> (&str, Option<&str>) {
    let time = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('));
    match time {
        Some((sentence, time)) if pattern::find("{time}", time).is_some() => {
            (sentence.trim_end(), Some(time))
        }
        _ => (text, None),
    }
}

fn fitting(side: Side, text: &str) -> Option<(&'static Sentence, Found<'_>)> {
    let mut known = sentences(side);
    known.find_map(|sentence| Some((sentence, pattern::find(sentence.pattern, text)?)))
}

fn not_understood(line: &Line) -> String {
    let (side, other, keyword) = match line.side {
        Side::Act => (Side::Act, Side::Claim, "Then"),
        Side::Claim => (Side::Claim, Side::Act, "When"),
    };
    if fitting(other, &line.sentence).is_some() {
        return format!("this sentence begins with {keyword}");
    }
    let patterns = sentences(side).map(|sentence| sentence.pattern);
    let nearest = nearest(patterns, &line.sentence);
    format!("cannot understand this; the nearest sentence is “{nearest}”")
}
