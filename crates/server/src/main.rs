//! The `proffer` binary.
fn main() {}
