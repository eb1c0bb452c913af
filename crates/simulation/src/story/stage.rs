//! Where does a story stand? Its clock, its products, and the last answers of its world.

use std::collections::BTreeMap;

use super::pattern::Found;
use super::script::{Line, Side};
use super::values::{BEGIN, next_time, time_of_day};
use super::world::{Answer, Decided, Minor, Order, Quoted, Shop, Taken, Timestamp, Trouble, World};
use super::{acts::ACTS, claims::CLAIMS, shop, terms};

pub(super) type Step = Result<(), String>;

/// A sentence that stories may use.
pub(super) struct Sentence {
    pub pattern: &'static str,
    pub example: &'static str,
    pub meaning: &'static str,
    pub play: fn(&mut Stage<'_>, &Found<'_>) -> Step,
}

/// Those that every world can be told.
pub(super) fn of_core(side: Side) -> &'static [Sentence] {
    match side {
        Side::Act => ACTS,
        Side::Claim => CLAIMS,
    }
}

pub(super) fn sentences(side: Side) -> impl Iterator<Item = &'static Sentence> {
    of_core(side).iter().chain(shop::sentences(side))
}

/// What a product costs the shop, and where it belongs.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub cost: Minor,
    pub category: Option<String>,
}

pub(super) struct Stage<'w> {
    pub world: &'w mut dyn World,
    pub now: Timestamp,
    pub products: BTreeMap<String, Product>,
    /// The last validation or payment.
    pub quoted: Result<Quoted, Trouble>,
    /// The last decision for each customer.
    pub decided: BTreeMap<String, Decided>,
    /// How many customers without a name there are.
    pub crowd: u64,
    /// Codes that were given to customers, by who has them and the name of their campaign.
    pub given: BTreeMap<(String, String), String>,
    /// Why what was asked last was not done, until the story speaks of it.
    pub refused: Option<String>,
    /// What was taken by what was redeemed at once.
    pub at_once: Vec<Taken>,
    /// How much of what the webhook heard the story spoke of.
    pub heard: usize,
}

impl Stage<'_> {
    pub(super) fn new(world: &mut dyn World) -> Stage<'_> {
        Stage {
            world,
            now: BEGIN,
            products: BTreeMap::new(),
            quoted: Err(Trouble::Fault("no order was validated yet".to_owned())),
            decided: BTreeMap::new(),
            crowd: 0,
            given: BTreeMap::new(),
            refused: None,
            at_once: Vec::new(),
            heard: 0,
        }
    }

    pub(super) fn play(&mut self, line: &Line) -> Step {
        if line.side == Side::Act {
            self.check_spoken_of()?;
        }
        let at = match &line.at {
            Some(time) => next_time(self.now, time_of_day(time)?),
            None => self.now,
        };
        self.pass_until(at)?;
        let (sentence, found) = line.meaning().ok_or("cannot understand this")?;
        (sentence.play)(self, &found)
    }

    /// Whether every refusal was spoken of.
    pub(super) fn check_spoken_of(&self) -> Step {
        match &self.refused {
            None => Ok(()),
            Some(code) => Err(format!(
                "what came before was refused: {}",
                terms::told_reason(code)
            )),
        }
    }

    /// A refusal is for the story to speak of; a fault ends it.
    pub(super) fn note(&mut self, done: Answer<()>) -> Step {
        match done {
            Ok(()) => Ok(()),
            Err(Trouble::Refused(code)) => {
                self.refused = Some(code);
                Ok(())
            }
            Err(fault @ Trouble::Fault(_)) => Err(told(fault)),
        }
    }

    pub(super) fn shop(&mut self) -> Result<&mut dyn Shop, String> {
        self.world.shop().map_err(told)
    }

    pub(super) fn pass_until(&mut self, at: Timestamp) -> Step {
        self.now = at;
        self.world.pass_time(at).map_err(told)
    }

    pub(super) fn check_books(&mut self) -> Step {
        self.world.check_books().map_err(told)
    }

    /// Goods with what the story told of their products, and what is put forward with them.
    pub(super) fn goods(
        &self,
        number: u64,
        text: &str,
    ) -> Result<(Order, Vec<terms::Named>), String> {
        let goods = terms::goods(text)?;
        let mut order = goods.order;
        order.number = number;
        for line in &mut order.lines {
            if let Some(product) = self.products.get(&line.sku) {
                line.cost = Some(product.cost);
                line.category = product.category.clone();
            }
        }
        Ok((order, goods.named))
    }

    /// What was quoted last.
    pub(super) fn quoted(&self) -> Result<&Quoted, String> {
        self.quoted
            .as_ref()
            .map_err(|trouble| told(trouble.clone()))
    }

    pub(super) fn decided(&self, who: &str) -> Result<&Decided, String> {
        let decided = self.decided.get(who);
        decided.ok_or_else(|| format!("nothing was decided for {who} yet"))
    }
}

/// What could not be done, in words.
pub(super) fn told(trouble: Trouble) -> String {
    match trouble {
        Trouble::Refused(code) => format!("refused: {}", terms::told_reason(&code)),
        Trouble::Fault(what) => what,
    }
}

/// Whether what is so is what the story says.
pub(super) fn same<T: PartialEq + std::fmt::Display>(what: &str, expected: T, actual: T) -> Step {
    if expected == actual {
        return Ok(());
    }
    Err(format!("{what}: expected {expected}, but it is {actual}"))
}
