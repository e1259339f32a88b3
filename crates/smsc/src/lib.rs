//! A small SMS centre.
