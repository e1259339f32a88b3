//! The SMS centre of `oxisim smsc` in real time, on real sockets: phones of `oxisim phone` on one side, ESMEs on the other.

mod kannel;
mod phones;
mod process;
