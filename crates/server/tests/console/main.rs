//! The console as a browser, a program and a stranger meet it.

mod access;
mod kit;
mod listen;
mod pages;
mod programs;
mod shared;
mod sign_in;
