//! `oxisim serve` in real time, on real sockets and real databases.

mod centre;
mod hostile;
mod killed;
#[path = "../../crates/server/tests/postgres/mod.rs"]
mod postgres;
#[path = "../smsc/process.rs"]
mod process;
mod sample;
mod served;
mod uploads;
mod whole_way;
