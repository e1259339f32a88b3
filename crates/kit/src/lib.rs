//! A test bench for one's own applet: a card with the applet on it, a phone, a network, and time that passes only when
//! the test says so. Nothing but APDUs passes between card and phone.
//!
//! - [`Bench`] has the verbs of a scenario: [`select_menu`](Bench::select_menu), [`expect_text`](Bench::expect_text),
//!   [`deliver_sms`](Bench::deliver_sms), [`wait`](Bench::wait), [`tear_after`](Bench::tear_after) … What does not come
//!   true ends the test, and says what was expected, what happened, and all that was said before.
//! - [`fuzz`] tries what no applet may do, without a word of the test.
//! - [`steps`] are any orders of such steps, for a property test with invariants of one's own; [`Bench::take`] takes one.
//!
//! ```
//! use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters};
//! use oxisim_kit::Bench;
//! use oxisim_toolkit::command::DisplayText;
//!
//! /// Says hello.
//! #[derive(Clone)]
//! struct Hello;
//!
//! impl Applet for Hello {
//!     fn aid(&self) -> Aid {
//!         Aid::new(b"\xF0hello").expect("6 octets are an AID")
//!     }
//!
//!     fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
//!         env.registry().init_menu_entry("Hello").map(|_| ())
//!     }
//!
//!     fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
//!         match event {
//!             Event::MenuSelection { .. } => env.send(0, DisplayText::new("Hello!")),
//!             _ => Ok(()),
//!         }
//!     }
//! }
//!
//! let mut bench = Bench::new(Hello);
//! bench.select_menu("Hello");
//! bench.expect_text("Hello!");
//! bench.expect_nothing();
//! ```

mod bench;
mod expect;
pub mod fuzz;
mod handset;
mod radio;
mod step;
mod transcript;
mod verbs;

pub use bench::{Bench, START, Sms};
pub use handset::Handset;
pub use oxisim_terminal::{Screen, User};
pub use oxisim_world::{Callee, Network};
pub use radio::{ME, Radio};
pub use step::{Reply, Step, steps};
pub use transcript::Transcript;
