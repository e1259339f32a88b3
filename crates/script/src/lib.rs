//! Scripts of APDUs with expectations, and the machine that runs them (docs/SCRIPTS.md).
//!
//! - [`Program::read`] reads a script in any of three [dialects](Dialect) into one [syntax tree](syntax), whose every
//!   part knows its [place](Span).
//! - [`Pattern`] and [`StatusPattern`] are what a response is compared with.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod parse;
mod pattern;
mod source;
pub mod syntax;

pub use parse::{Dialect, Read, VERBS, Verb};
pub use pattern::{Captures, Element, Pair, Pattern, StatusPattern};
pub use source::{Mistake, Source, Sources, Span};
pub use syntax::Program;
