//! The toolkit session of the card: what the terminal is told, when, and which applet hears what.

mod channels;
mod control;
mod entries;
mod event_list;
mod events;
mod exchange;
mod files;
mod handlers;
mod menus;
mod messages;
mod model;
mod parameters;
mod phone;
mod polling;
mod priorities;
mod profiles;
mod recorder;
mod registrations;
mod retries;
mod session_model;
mod sessions;
mod timer_model;
mod timers;
