//! Whole backups: card, phone, SMS centre and server, in simulated time. One behaviour a file.

mod asking_again;
mod auto_and_ask;
mod behind_a_reader;
mod busy;
mod changes;
mod control;
mod envelopes;
mod long_records;
mod losses;
mod memory;
mod orders;
mod ota;
mod outbox;
mod phone;
mod profiles;
mod rekey;
mod restores;
mod secured;
mod sim;
mod spacing;
mod tears;
mod ten_blocks;
mod transient_memory;
mod wakes;
