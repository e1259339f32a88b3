//! What the phone does, as traces: what goes to the card, the network and the screen, and what comes back.
//!
//! The cards of these tests are bytes written by hand. Proactive commands marked TS 102 384 are those of its test
//! sequences.

mod bench;
mod calls;
mod channel_server;
mod control;
mod data_channels;
mod readers;
mod redial;

mod broadcasts;
mod browser;
mod conformance;
mod contactless;
mod deliveries;
mod envelopes;
mod faults;
mod frames;
mod hostile;
mod information;
mod messages;
mod multimedia;
mod occurrences;
mod polling;
mod position;
mod profile;
mod questions;
mod refusals;
mod services;
mod sim;
mod startup;
mod store;
mod system;
mod texts;
mod timer_model;
mod timers;
mod ussd;
