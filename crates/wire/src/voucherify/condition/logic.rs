//! How do nodes combine? `1 and (2 or 3)`, in any letter case; `and` binds closer.

use super::super::Nodes;
use crate::Malformed;

/// Parentheses within one another.
const MAX_DEPTH: usize = 16;
/// Bytes of a logic.
const MAX_BYTES: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Logic {
    Node(String),
    All(Vec<Logic>),
    Any(Vec<Logic>),
}

impl Logic {
    /// The parts that must all hold.
    pub(super) fn into_conjuncts(self) -> Vec<Logic> {
        match self {
            Self::All(parts) => parts.into_iter().flat_map(Self::into_conjuncts).collect(),
            other => vec![other],
        }
    }
}

/// The logic as written; all nodes where there is none.
pub(super) fn of(nodes: &Nodes) -> Result<Logic, Malformed> {
    let written = nodes.logic.as_deref().map(str::trim).unwrap_or_default();
    if written.is_empty() {
        return Ok(Logic::All(
            nodes.nodes.keys().cloned().map(Logic::Node).collect(),
        ));
    }
    if written.len() > MAX_BYTES {
        return Err(Malformed::at(
            "/logic",
            format!("longer than {MAX_BYTES} bytes"),
        ));
    }
    let spaced = written.replace('(', " ( ").replace(')', " ) ");
    let mut reader = Reader {
        words: spaced.split_whitespace().collect(),
        next: 0,
    };
    let logic = reader.any(MAX_DEPTH)?;
    match reader.peek() {
        None => Ok(logic),
        Some(word) => Err(wrong(&format!(
            "{word} stands where and, or or the end is expected"
        ))),
    }
}

fn wrong(detail: &str) -> Malformed {
    Malformed::at("/logic", detail)
}

struct Reader<'a> {
    words: Vec<&'a str>,
    next: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.next += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Result<Logic, Malformed> {
        let mut parts = vec![self.all(depth)?];
        while self.take("or") {
            parts.push(self.all(depth)?);
        }
        Ok(alone(parts).unwrap_or_else(Logic::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Logic, Malformed> {
        let mut parts = vec![self.term(depth)?];
        while self.take("and") {
            parts.push(self.term(depth)?);
        }
        Ok(alone(parts).unwrap_or_else(Logic::All))
    }

    fn term(&mut self, depth: usize) -> Result<Logic, Malformed> {
        if self.take("(") {
            let depth = depth
                .checked_sub(1)
                .ok_or_else(|| wrong("too many parentheses"))?;
            let inner = self.any(depth)?;
            return if self.take(")") {
                Ok(inner)
            } else {
                Err(wrong("a ) is missing"))
            };
        }
        let word = self
            .peek()
            .ok_or_else(|| wrong("ends where a node is expected"))?;
        if !word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong(&format!(
                "{word} stands where a node's number is expected"
            )));
        }
        self.next += 1;
        Ok(Logic::Node(word.to_owned()))
    }
}

fn alone(mut parts: Vec<Logic>) -> Result<Logic, Vec<Logic>> {
    match parts.pop() {
        Some(only) if parts.is_empty() => Ok(only),
        last => Err(parts.into_iter().chain(last).collect()),
    }
}
