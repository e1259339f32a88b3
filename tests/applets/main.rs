//! The small applets that are shipped: the phone against the card. One applet a file.

mod balance;
mod echo;
mod greeter;
mod hello;
mod together;
mod tracker;
mod tutorial;
