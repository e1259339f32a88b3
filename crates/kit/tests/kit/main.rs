//! The bench under test, with an applet that has something of everything.

mod failures;
mod fuzz;
mod prober;
mod properties;
mod scenarios;
