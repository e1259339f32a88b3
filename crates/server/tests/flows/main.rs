//! Backups and restores between uploaders and a server, through the user data of short messages, in virtual time.

mod alert;
mod backup;
mod failure;
mod forget;
mod logged;
mod network;
mod outbox;
mod passing;
mod rekey;
mod restore;
mod rules;
mod security;
mod timetable;
