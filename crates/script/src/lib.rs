//! Scripts of APDUs with expectations, and the machine that runs them (docs/SCRIPTS.md).
//!
//! - [`Program::read`] reads a script in any of three [dialects](Dialect) into one [syntax tree](syntax), whose every
//!   part knows its [place](Span).
//! - [`Pattern`] and [`StatusPattern`] are what a response is compared with.
//! - [`Runner`] runs a program: it asks its host for one thing at a time, and tells what came true and what did not.
//!
//! ```
//! use oxisim_script::{Answer, Event, Output, Program, Request, Runner, Settings, Source, Sources};
//!
//! let mut sources = Sources::default();
//! let text = "00 A4 00 0C 02 3F 00 (9000)\n00 B0 00 00 02 [98 ..]";
//! let script = Source { name: "example".into(), text: text.into() };
//! let program = Program::read(&mut sources, script, &mut |_, path| Err(format!("no {path} here"))).unwrap();
//!
//! let mut runner = Runner::new(&program, Settings::default());
//! let mut passed = 0;
//! while let Some(output) = runner.poll_output() {
//!     match output {
//!         Output::Ask(Request::Reset) => runner.handle_answer(Answer::AnswerToReset(vec![0x3B, 0x00])),
//!         Output::Ask(Request::Exchange(command)) if command[1] == 0xA4 => {
//!             runner.handle_answer(Answer::Response(vec![0x90, 0x00]));
//!         }
//!         Output::Ask(_) => runner.handle_answer(Answer::Response(vec![0x98, 0x10, 0x90, 0x00])),
//!         Output::Tell(Event::Passed(_)) => passed += 1,
//!         Output::Tell(_) => {}
//!     }
//! }
//! assert_eq!(passed, 2);
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod judge;
mod outcome;
mod parse;
mod pattern;
mod runner;
mod session;
mod source;
pub mod syntax;
mod value;
mod verbs;
mod words;

pub use outcome::{Answer, By, Event, Failure, Input, Output, Phone, Request, Wrong};
pub use parse::{Dialect, Read, VERBS, Verb};
pub use pattern::{Captures, Element, Pair, Pattern, StatusPattern};
pub use runner::{Runner, Settings};
pub use source::{Mistake, Source, Sources, Span};
pub use syntax::Program;
pub use value::spaced;
