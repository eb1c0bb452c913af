//! Where is a body wrong? Parsed fast; parsed again, with its path followed, only on failure.

use serde::{Deserialize, de::DeserializeOwned};

/// A body that cannot be read, or says what we cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// JSON Pointer (RFC 6901) to the place; empty for the whole body.
    pub pointer: String,
    /// A sentence a developer can act on.
    pub detail: String,
}

impl Malformed {
    #[must_use]
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }

    /// The same complaint, seen from one step further out.
    #[must_use]
    pub fn under(mut self, step: &str) -> Self {
        self.pointer = format!("/{}{}", escape(step), self.pointer);
        self
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}

impl std::error::Error for Malformed {}

/// Reads a JSON object. Unknown members are let be.
///
/// # Errors
/// The first place that does not fit.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    objects_only(bytes)?;
    // Known to be text as a whole, its texts need not be looked at one by one.
    let fast = match str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    };
    fast.map_err(|fast| locate::<T>(bytes, &fast))
}

/// A list would be taken for an object's members in order.
pub(crate) fn objects_only(bytes: &[u8]) -> Result<(), Malformed> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok(()),
        _ => Err(Malformed::at("", "must be a JSON object")),
    }
}

pub(crate) fn locate<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    fast: &serde_json::Error,
) -> Malformed {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) => Malformed::at(pointer(error.path()), error.inner().to_string()),
        // The value fits and something follows it.
        Ok(_) => Malformed::at("", fast.to_string()),
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                Some(format!("/{}", escape(key)))
            }
            Segment::Unknown => None,
        })
        .collect()
}

/// RFC 6901, section 3: `~` is `~0`, `/` is `~1`.
fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}
