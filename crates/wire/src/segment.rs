//! How do Segment sources write?
