//! What do shoppers ask of a server that is made to fail? A market of tight limits, and clients
//! whose every step follows from the seed and from the answers they heard.

use std::collections::VecDeque;

use crate::Chance;

/// Shoppers of one market; few, so that the limits of each are hit.
pub const SHOPPERS: u32 = 24;
/// What an order comes to, in cents.
pub const ORDER: u64 = 10_000;
/// What is on a gift card when it is made, in cents.
pub const FIRST_LOAD: u64 = 2_000;
const CARDS: u32 = 4;
/// Codes of a campaign with several.
const CODES: u32 = 6;
/// What a client keeps in mind, so that it does not grow.
const MAX_KEPT: usize = 32;

/// A campaign of codes, and the limits over all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    pub name: &'static str,
    /// What each use takes off, in cents.
    pub off: u64,
    /// In cents, over all codes.
    pub budget: Option<u64>,
    pub uses: Option<u64>,
    pub uses_of_customer: Option<u64>,
    pub uses_of_code: Option<u64>,
    /// None where decisions make them.
    pub codes: Vec<String>,
}

/// By what the shop knows a shopper.
#[must_use]
pub fn name(shopper: u32) -> String {
    format!("shopper-{shopper}")
}

/// All there is to redeem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    pub campaigns: Vec<Campaign>,
    /// Codes of gift cards.
    pub cards: Vec<String>,
}

/// The campaign whose codes decisions grant.
pub const GRANTED: &str = "granted";

impl Market {
    /// For so many commands: about half of what is asked for is there.
    #[must_use]
    pub fn new(commands: u64) -> Self {
        let share = (commands / 60).max(6);
        let none = Campaign {
            name: "",
            off: 100,
            budget: None,
            uses: None,
            uses_of_customer: None,
            uses_of_code: None,
            codes: Vec::new(),
        };
        let codes = |name: &str, many: u32| (0..many).map(|n| format!("{name}-{n}")).collect();
        let campaigns = vec![
            Campaign {
                name: "uses",
                uses: Some(share),
                codes: codes("USES", CODES),
                ..none.clone()
            },
            Campaign {
                name: "money",
                // Not a multiple of what each use takes.
                budget: Some(share * 100 + 50),
                codes: codes("MONEY", 1),
                ..none.clone()
            },
            Campaign {
                name: "person",
                uses_of_customer: Some((share / u64::from(SHOPPERS)).max(2)),
                codes: codes("PERSON", 2),
                ..none.clone()
            },
            Campaign {
                name: "code",
                uses_of_code: Some((share / u64::from(CODES)).max(2)),
                codes: codes("CODE", CODES),
                ..none.clone()
            },
            Campaign {
                name: GRANTED,
                off: 50,
                budget: Some(share * 50 + 7),
                uses_of_code: Some(1),
                ..none
            },
        ];
        Self {
            campaigns,
            cards: codes("GIFT", CARDS),
        }
    }

    fn a_code(&self, chance: &mut Dice) -> String {
        let all = self.campaigns.iter().flat_map(|one| &one.codes);
        let all: Vec<&String> = all.collect();
        let place = chance.below(all.len());
        all.get(place)
            .map_or_else(String::new, |one| (*one).clone())
    }

    fn a_card(&self, chance: &mut Dice) -> String {
        let place = chance.below(self.cards.len());
        self.cards.get(place).cloned().unwrap_or_default()
    }
}

/// One thing asked of the server, whatever the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Says who the shopper is, and what they allow.
    Identify { shopper: u32 },
    /// Asks for an offer.
    Decide { shopper: u32 },
    /// Holds a code for an order, under a session.
    Hold {
        shopper: u32,
        code: String,
        order: String,
    },
    /// Uses a code on an order, and what the order's session holds.
    Redeem {
        shopper: u32,
        code: String,
        order: String,
    },
    /// Pays so much from a gift card.
    Spend {
        shopper: u32,
        card: String,
        order: String,
        credits: u64,
    },
    /// Puts so much on a gift card.
    Load { card: String, amount: u64 },
    /// Gives back what a redemption moved.
    RollBack { redemption: String },
}

/// An act under a name of its own, which a retry repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The idempotency key.
    pub key: String,
    pub act: Act,
}

/// What was heard of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, with nothing to count.
    Done,
    /// A decision gave this code.
    Granted {
        code: String,
    },
    Held,
    /// Used, under this id, and so much was taken off or paid, in cents.
    Redeemed {
        id: String,
        amount: u64,
    },
    RolledBack {
        id: String,
    },
    /// What is on the card now, in cents.
    Loaded {
        balance: u64,
    },
    /// A plain no, with its code.
    Refused {
        code: String,
    },
    /// Nothing was done, and the server says so: ask again.
    Busy,
    /// Nobody knows: the connection broke, the server failed, or the answer did not come.
    Unknown,
}

/// One client with several shoppers, asking one thing after the other.
#[derive(Clone, Debug)]
pub struct Client {
    number: u32,
    step: u32,
    dice: Dice,
    /// Held, to be redeemed.
    held: VecDeque<(u32, String, String)>,
    /// Granted, to be redeemed.
    granted: VecDeque<(u32, String)>,
    /// Redeemed, and could be rolled back.
    used: VecDeque<String>,
}

impl Client {
    /// `number` tells the clients of one seed apart.
    #[must_use]
    pub fn new(seed: u64, number: u32) -> Self {
        Self {
            number,
            step: 0,
            dice: Dice::new(seed, number),
            held: VecDeque::new(),
            granted: VecDeque::new(),
            used: VecDeque::new(),
        }
    }

    /// What is asked next.
    pub fn next(&mut self, market: &Market) -> Command {
        self.step += 1;
        let key = format!("c{}-{}", self.number, self.step);
        let act = self.act(market, format!("o-{key}"));
        Command { key, act }
    }

    fn act(&mut self, market: &Market, order: String) -> Act {
        let shopper = self.dice.below(SHOPPERS as usize);
        let shopper = u32::try_from(shopper).unwrap_or(0);
        match self.dice.below(100) {
            0..4 => Act::Identify { shopper },
            4..16 => Act::Decide { shopper },
            16..32 => Act::Hold {
                shopper,
                code: market.a_code(&mut self.dice),
                order,
            },
            32..44 => self.redeem_held(market, (shopper, order)),
            44..54 => self.redeem_granted(market, (shopper, order)),
            54..66 => self.roll_back(market, (shopper, order)),
            66..71 => Act::Load {
                card: market.a_card(&mut self.dice),
                amount: 1 + self.dice.below(900) as u64,
            },
            71..81 => Act::Spend {
                shopper,
                card: market.a_card(&mut self.dice),
                order,
                credits: 1 + self.dice.below(700) as u64,
            },
            _ => self.redeem(market, (shopper, order)),
        }
    }

    fn redeem(&mut self, market: &Market, (shopper, order): (u32, String)) -> Act {
        Act::Redeem {
            shopper,
            code: market.a_code(&mut self.dice),
            order,
        }
    }

    fn redeem_held(&mut self, market: &Market, fresh: (u32, String)) -> Act {
        match self.held.pop_front() {
            Some((shopper, code, order)) => Act::Redeem {
                shopper,
                code,
                order,
            },
            None => self.redeem(market, fresh),
        }
    }

    fn redeem_granted(&mut self, market: &Market, fresh: (u32, String)) -> Act {
        match self.granted.pop_front() {
            Some((shopper, code)) => Act::Redeem {
                shopper,
                code,
                order: fresh.1,
            },
            None => self.redeem(market, fresh),
        }
    }

    fn roll_back(&mut self, market: &Market, fresh: (u32, String)) -> Act {
        match self.used.pop_front() {
            Some(redemption) => Act::RollBack { redemption },
            None => self.redeem(market, fresh),
        }
    }

    /// Remembers what the next steps build on.
    pub fn heard(&mut self, command: &Command, answer: &Answer) {
        match (&command.act, answer) {
            (
                Act::Hold {
                    shopper,
                    code,
                    order,
                },
                Answer::Held | Answer::Unknown,
            ) => keep(&mut self.held, (*shopper, code.clone(), order.clone())),
            (Act::Decide { shopper }, Answer::Granted { code }) => {
                keep(&mut self.granted, (*shopper, code.clone()));
            }
            (_, Answer::Redeemed { id, .. }) => keep(&mut self.used, id.clone()),
            _ => {}
        }
    }
}

fn keep<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() == MAX_KEPT {
        kept.pop_front();
    }
    kept.push_back(one);
}

/// Draws one after the other.
#[derive(Clone, Debug)]
pub struct Dice {
    chance: Chance,
    stream: u32,
    drawn: u32,
}

impl Dice {
    /// `stream` tells apart what is drawn from one seed.
    #[must_use]
    pub fn new(seed: u64, stream: u32) -> Self {
        Self {
            chance: Chance::new(seed),
            stream,
            drawn: 0,
        }
    }

    /// A number below `bound`; 0 where the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.drawn = self.drawn.wrapping_add(1);
        let place = (self.stream, self.drawn, 0);
        let drawn = self.chance.below(bound as u64, place);
        usize::try_from(drawn).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn play(seed: u64) -> Vec<Command> {
        let market = Market::new(600);
        let mut client = Client::new(seed, 3);
        let mut asked = Vec::new();
        for step in 0..600 {
            let command = client.next(&market);
            let answer = match &command.act {
                Act::Decide { .. } => Answer::Granted {
                    code: format!("G{step}"),
                },
                Act::Hold { .. } => Answer::Held,
                Act::Redeem { .. } | Act::Spend { .. } => Answer::Redeemed {
                    id: format!("r{step}"),
                    amount: 100,
                },
                _ => Answer::Done,
            };
            client.heard(&command, &answer);
            asked.push(command);
        }
        asked
    }

    #[test]
    fn the_same_seed_asks_the_same() {
        assert_eq!(play(1), play(1));
        assert_ne!(play(1), play(2));
    }

    #[test]
    fn every_act_is_asked_and_no_key_twice() {
        let asked = play(1);
        let keys: BTreeSet<&String> = asked.iter().map(|one| &one.key).collect();
        assert_eq!(keys.len(), asked.len());
        let kinds: BTreeSet<_> = asked
            .iter()
            .map(|one| format!("{:?}", std::mem::discriminant(&one.act)))
            .collect();
        assert_eq!(kinds.len(), 7);
        // What is rolled back was redeemed before, each once.
        let backs = asked.iter().filter_map(|one| match &one.act {
            Act::RollBack { redemption } => Some(redemption),
            _ => None,
        });
        let backs: Vec<&String> = backs.collect();
        let each: BTreeSet<&&String> = backs.iter().collect();
        assert!(backs.len() > 40);
        assert_eq!(each.len(), backs.len());
    }
}
