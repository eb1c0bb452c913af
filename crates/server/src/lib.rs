//! The network: HTTP, pages, jobs.
