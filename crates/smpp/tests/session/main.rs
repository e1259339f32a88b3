//! Two sessions talk, or one talks to a peer that misbehaves: no socket, no clock.

mod any;
mod bad;
mod kit;
mod life;
mod messages;
