//! SMPP with programs that nobody here wrote: `Net::SMPP` as SMS centre, tshark as reader.

#[path = "../tshark/capture.rs"]
mod capture;
mod dissector;
mod perl;
