//! Backups and restores between uploaders and a server, through the user data of short messages, in virtual time.

mod alert;
mod backup;
mod failing;
mod failure;
mod forget;
mod network;
mod outbox;
mod rekey;
mod restore;
mod security;
mod timetable;
