//! What happened in backups, as a picture: a lane per backup, time from left to right.
//!
//! A [`Record`](oxisim_world::Record) becomes a `Story` (what is worth showing, in time since the user's request),
//! a `Story` becomes a `Plan` (what goes where, in pixels; pure), and a `Pen` draws plans with plotters.

mod draw;
mod label;
mod legend;
mod pen;
mod plan;
mod scale;
mod story;
#[cfg(test)]
mod tests;

pub use draw::{Lane, draw};
