//! What does a decision mean? The slow, plain answer, without index or preparation; the fast one
//! is held to it.
