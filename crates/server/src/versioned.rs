//! In which shape is a record written? Records that are not JSON begin with the number of their
//! shape, so that a process of an older version, while a newer one is rolled out beside it, refuses
//! what it does not know instead of misreading it.

use serde::{Serialize, de::DeserializeOwned};

use crate::problem::Refused;

/// A thing that is kept as a record in a shape of its own.
pub trait Versioned {
    /// What it is called where it cannot be read.
    const NAME: &'static str;
    /// The shape that is written now. A number is never used again for another shape.
    const SHAPE: u8 = 1;
    /// The oldest that is read as what is written now is: what came since was added at ends.
    const OLDEST: u8 = Self::SHAPE;
}

impl Versioned for decision::Configuration {
    const NAME: &'static str = "configuration";
    /// 2 says of each campaign whether it lends; 3 how lines are picked, and more benefits; 4 has
    /// calendars; 5 asks for instants and lists, and counts by key, orders and credit; 6 caps units
    /// of products; 7 compares fractions.
    const SHAPE: u8 = 7;
    const OLDEST: u8 = 6;
}

/// The body of a record: the number of the shape, then the thing.
///
/// # Errors
/// Never for what is stored here; a fault if it happens.
pub fn write<T: Versioned + Serialize>(thing: &T) -> Result<Vec<u8>, Refused> {
    let body = vec![T::SHAPE];
    postcard::to_extend(thing, body)
        .map_err(|error| Refused::Fault(format!("{}: {error}", T::NAME)))
}

/// What the body of a record says.
///
/// # Errors
/// `newer_shape` where a newer version wrote it; a fault where nobody of ours did.
pub fn read<T: Versioned + DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let (shape, rest) = body.split_first().unwrap_or((&0, &[]));
    if *shape > T::SHAPE {
        return Err(newer::<T>(*shape));
    }
    let fault = |error: String| Refused::Fault(format!("{}: {error}", T::NAME));
    if !(T::OLDEST..=T::SHAPE).contains(shape) {
        return Err(fault(format!("there is no shape {shape}")));
    }
    postcard::from_bytes(rest).map_err(|error| fault(error.to_string()))
}

fn newer<T: Versioned>(shape: u8) -> Refused {
    Refused::Unavailable {
        code: "newer_shape",
        detail: format!(
            "A newer version wrote this record ({}, shape {shape}), and this process reads up to \
             shape {}; ask again, and another process answers.",
            T::NAME,
            T::SHAPE
        ),
    }
}

#[cfg(test)]
mod tests {
    use profiles::{CustomerId, Node, NodeId};

    use super::*;
    use crate::people::Nodes;

    fn nodes() -> Nodes {
        Nodes(vec![Node {
            id: NodeId(7),
            customer: CustomerId(9),
            ..Node::default()
        }])
    }

    fn check(body: &[u8], code: &str) {
        let refused = read::<Nodes>(body).map_err(|refused| refused.code());
        assert_eq!(refused.err(), Some(code));
    }

    #[test]
    fn what_was_written_is_read() {
        let body = write(&nodes()).unwrap();
        assert_eq!(body.first(), Some(&1));
        assert_eq!(read::<Nodes>(&body).unwrap(), nodes());
    }

    #[test]
    fn a_newer_shape_is_refused_and_never_misread() {
        let mut body = write(&nodes()).unwrap();
        for shape in 2..=u8::MAX {
            body[0] = shape;
            check(&body, "newer_shape");
        }
        body[0] = 0;
        check(&body, "internal");
        check(&[], "internal");
        check(&[1], "internal");
    }
}
