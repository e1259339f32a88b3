//! `oxisim serve` in real time, on real sockets and real databases.

mod centre;
mod hostile;
mod killed;
#[path = "../../crates/server/tests/postgres/mod.rs"]
mod postgres;
#[path = "../smsc/process.rs"]
#[expect(dead_code, reason = "others read what the centre prints")]
mod process;
mod sample;
mod served;
mod uploads;
mod whole_way;
