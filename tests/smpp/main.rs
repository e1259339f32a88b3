//! SMPP with programs that nobody here wrote: `Net::SMPP` as SMS centre, tshark as reader.

mod dissector;
mod perl;
