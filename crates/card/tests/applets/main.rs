//! Applets: what Java Card gives them, and what it keeps them from.

mod arrays;
mod bench;
mod isolation;
mod life_cycles;
mod objects;
mod owner_pins;
mod persistence;
mod quotas;
mod shared;
mod transactions;
