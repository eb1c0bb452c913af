//! Whose event it is: rows of conversations with a small store, reference hashes, properties.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::IdentifierKind::{Anonymous, Email, User};
use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 4231, test cases 2 and 6.
#[test]
fn keyed_hash_agrees_with_the_reference() {
    assert_eq!(
        hex(&keyed_hash(
            b"Jefe",
            &[b"what do ya want ", b"for nothing?"]
        )),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
    assert_eq!(
        hex(&keyed_hash(&[0xaa; 131], &[text])),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}

#[test]
fn one_person_one_pseudonym() {
    let pseudonym = |kind, text| Identifier::new(kind, text).unwrap().pseudonym(b"secret");
    assert_eq!(
        pseudonym(Email, " Ann@Example.COM "),
        pseudonym(Email, "ann@example.com")
    );
    assert_eq!(pseudonym(User, " 7 "), pseudonym(User, "7"));
    assert_ne!(pseudonym(User, "a"), pseudonym(User, "A"));
    assert_ne!(pseudonym(User, "7"), pseudonym(Anonymous, "7"));
    let other_secret = Identifier::new(User, "7").unwrap().pseudonym(b"other");
    assert_ne!(pseudonym(User, "7"), other_secret);
    assert_eq!(Identifier::new(Email, "  "), None);
}

/// A store of nodes in memory, which writes what a resolution says.
#[derive(Default)]
struct Book {
    nodes: BTreeMap<String, (NodeId, CustomerId)>,
    customers: u64,
}

impl Book {
    /// `u1 e1 a1` is a message with these identifiers, `a1 > u1` an alias.
    fn hear(&mut self, message: &str) -> CustomerId {
        let names: Vec<&str> = message.split(' ').filter(|word| *word != ">").collect();
        let claims: Vec<Claim> = names.iter().map(|name| self.claim(name)).collect();
        let fresh = CustomerId(self.customers + 1);
        let resolution = match message.contains('>') {
            true => alias(claims[0], claims[1], fresh),
            false => resolve(&claims, fresh),
        };
        for (from, to) in &resolution.join {
            let moving = self
                .nodes
                .values_mut()
                .filter(|(_, customer)| customer == from);
            moving.for_each(|(_, customer)| *customer = *to);
        }
        for position in &resolution.create {
            let node = NodeId(self.nodes.len() as u64);
            self.nodes
                .insert(names[*position].to_owned(), (node, resolution.customer));
        }
        self.customers = self.customers.max(resolution.customer.0);
        resolution.customer
    }

    fn claim(&self, name: &str) -> Claim {
        let kind = match &name[..1] {
            "u" => User,
            "e" => Email,
            _ => Anonymous,
        };
        let known = self.nodes.get(name).map(|(node, customer)| Known {
            node: *node,
            customer: *customer,
            has_user: self.has_user(*customer),
        });
        Claim { kind, known }
    }

    fn has_user(&self, customer: CustomerId) -> bool {
        self.nodes
            .iter()
            .any(|(name, (_, owner))| name.starts_with('u') && *owner == customer)
    }

    fn people(&self) -> BTreeSet<Vec<&str>> {
        let mut people: BTreeMap<CustomerId, Vec<&str>> = BTreeMap::new();
        for (name, (_, customer)) in &self.nodes {
            people.entry(*customer).or_default().push(name);
        }
        people.into_values().collect()
    }
}

/// The messages, then who is who afterwards: each person's identifiers by the alphabet.
#[track_caller]
fn check(messages: &str, expected: &str) {
    let mut book = Book::default();
    for message in messages.split(", ") {
        book.hear(message);
    }
    let people: Vec<String> = book.people().iter().map(|names| names.join(" ")).collect();
    assert_eq!(people.join(" | "), expected, "{messages}");
}

#[test]
fn who_is_who() {
    check("a1", "a1");
    check("a1, a1", "a1");
    check("a1, a2", "a1 | a2");
    check("a1, u1 a1", "a1 u1");
    check("u1, u1 a1", "a1 u1");
    check("u1, a1, u1 a1", "a1 u1");
    check("u1 a1, u1 a2", "a1 a2 u1");
    check("a1, e1 a1", "a1 e1");
    check("e1 a1, u1 e1", "a1 e1 u1");
    check("e1, a1, u1 a1, u1 e1", "a1 e1 u1");
    check("a1, e1 a2, u1 e1 a1", "a1 a2 e1 u1");
}

#[test]
fn a_shared_device_joins_nobody() {
    check("u1 a1, u2 a1", "a1 u1 | u2");
    check("u1 a1, u2, u2 a1", "a1 u1 | u2");
    check("u1 e1, u2 e1 a2", "a2 u2 | e1 u1");
    check("u1 a1, u2 e2, e2 a1", "a1 u1 | e2 u2");
    let mut book = Book::default();
    let ann = book.hear("u1 a1");
    let bob = book.hear("u2 a1");
    assert_ne!(ann, bob);
    assert_eq!(book.hear("a1"), ann);
    assert_eq!(book.hear("u2 a1"), bob);
}

#[test]
fn an_alias_is_said_outright() {
    check("a1, a1 > u1", "a1 u1");
    check("a1, u1, a1 > u1", "a1 u1");
    check("a1 > u1", "a1 u1");
    check("u1, u2, u1 > u2", "u1 u2");
    check("u1 a1, u1 > u2", "a1 u1 u2");
    check("u1 a1, a1 > u2", "a1 u1 | u2");
}

#[test]
fn the_answer_says_what_to_write() {
    let known = |node, customer, has_user| {
        Some(Known {
            node: NodeId(node),
            customer: CustomerId(customer),
            has_user,
        })
    };
    let claims = [
        Claim {
            kind: Anonymous,
            known: known(1, 10, false),
        },
        Claim {
            kind: Email,
            known: None,
        },
        Claim {
            kind: User,
            known: known(2, 20, true),
        },
    ];
    let expected = Resolution {
        customer: CustomerId(20),
        create: vec![1],
        join: vec![(CustomerId(10), CustomerId(20))],
    };
    assert_eq!(resolve(&claims, CustomerId(99)), expected);
    let nobody = Resolution {
        customer: CustomerId(99),
        create: vec![],
        join: vec![],
    };
    assert_eq!(resolve(&[], CustomerId(99)), nobody);
}

/// Messages in which every device and e-mail is named with one user only.
fn unshared() -> impl Strategy<Value = Vec<String>> {
    let message = (0..3_u8, 0..3_u8, 0..4_u8).prop_map(|(user, of_user, form)| {
        let own = user * 3 + of_user;
        match form {
            0 => format!("u{user} a{own}"),
            1 => format!("u{user} e{own}"),
            2 => format!("e{own} a{own}"),
            _ => format!("a{own}"),
        }
    });
    prop::collection::vec(message, 0..12)
}

/// Messages that share devices and e-mails freely.
fn shared() -> impl Strategy<Value = Vec<String>> {
    let one = |letter: char| (0..4_u8).prop_map(move |number| format!("{letter}{number}"));
    let message = prop_oneof![
        one('a'),
        (one('u'), one('a')).prop_map(|(u, a)| format!("{u} {a}")),
        (one('u'), one('e')).prop_map(|(u, e)| format!("{u} {e}")),
        (one('e'), one('a')).prop_map(|(e, a)| format!("{e} {a}")),
        (one('u'), one('e'), one('a')).prop_map(|(u, e, a)| format!("{u} {e} {a}")),
    ];
    prop::collection::vec(message, 0..25)
}

proptest! {
    #[test]
    fn order_of_messages_does_not_matter(
        (said, shuffled) in unshared().prop_flat_map(|m| (Just(m.clone()), Just(m).prop_shuffle()))
    ) {
        let (mut one, mut other) = (Book::default(), Book::default());
        said.iter().for_each(|message| { one.hear(message); });
        shuffled.iter().for_each(|message| { other.hear(message); });
        prop_assert_eq!(one.people(), other.people());
    }

    #[test]
    fn two_user_ids_are_never_joined(messages in shared()) {
        let mut book = Book::default();
        for message in &messages {
            let customer = book.hear(message);
            if let Some(user) = message.split(' ').find(|name| name.starts_with('u')) {
                prop_assert_eq!(book.nodes[user].1, customer);
            }
        }
        for person in book.people() {
            prop_assert!(person.iter().filter(|name| name.starts_with('u')).count() <= 1);
        }
    }
}
