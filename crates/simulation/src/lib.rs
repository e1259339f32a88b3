//! Whole worlds under faults, held against what must always be true.
//!
//! A [`Plan`] is a seed, what the world is made of, and what goes wrong in it, and when: it is data, and always goes the
//! same way. A [`Runner`] runs one, looks after every step whether every [`Invariant`] holds, and comes to a [`Verdict`].
//! [`Runner::record`] writes a trace of all that passes. [`shrink`](shrink()) finds the fewest faults that break the same invariant, and a [`Sweep`] tries many seeds.
//!
//! ```
//! use oxisim_simulation::{Kind, Plan, Runner};
//!
//! let plan = Plan::new(1, 10, &[Kind::Lost, Kind::Torn]);
//! let verdict = Runner::default().run(&plan)?;
//! assert_eq!(verdict.violation, None);
//! # Ok::<(), String>(())
//! ```

mod coverage;
mod fault;
mod home;
mod invariant;
mod making;
mod phonebook;
mod plan;
mod run;
mod servers;
mod shrink;
mod sweep;
mod watched;
mod whole;

pub use coverage::{Coverage, Reached, Receiver, Uploader};
pub use fault::{Group, Kind, Kinds, NoKind};
pub use invariant::{Invariant, Violation};
pub use making::Runner;
pub use plan::{Answer, Fault, Mode, Plan};
pub use run::Verdict;
pub use shrink::shrink;
pub use sweep::{Summary, Sweep};
pub use watched::Watched;
