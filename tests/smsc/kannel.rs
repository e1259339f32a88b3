//! Kannel.
