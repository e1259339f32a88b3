//! The toolkit session of the card: what the terminal is told, when, and which applet hears what.

mod control;
mod events;
mod exchange;
mod menus;
mod model;
mod parameters;
mod phone;
mod polling;
mod priorities;
mod profiles;
mod recorder;
mod retries;
mod timers;
