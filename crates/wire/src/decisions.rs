//! How are decisions asked for and told?
