//! Messages in words, for the notes: without a name or number from a phonebook.

use oxisim_backup::{
    FromServer, GivenUp, ToServer,
    message::{BackupId, Unspoken},
};

/// What an uploader has said.
#[must_use]
pub fn incoming(message: &ToServer) -> String {
    match message {
        ToServer::Blocks(blocks) => {
            let BackupId { source, generation } = blocks.backup;
            let (first, count, total) = (blocks.first, blocks.blocks.len(), blocks.total);
            format!("BLOCKS {source:?} {generation}: {count} from {first} of {total}")
        }
        ToServer::Query { backup: BackupId { source, generation }, total, .. } => {
            format!("QUERY {source:?} {generation}: {total} blocks")
        }
        ToServer::Restored { generation, missing, .. } => {
            format!("RESTORED CARD {generation}: {} of {} missing", missing.len(), missing.total())
        }
        ToServer::Configured { source, number, refused: None } => {
            format!("CONFIGURED {source:?} {number}: taken")
        }
        ToServer::Configured { source, number, refused: Some(field) } => {
            format!("CONFIGURED {source:?} {number}: {field:?} refused")
        }
        ToServer::Started { source, number, result, generation } => {
            format!("STARTED {source:?} {number}: {result:?}, last generation {generation}")
        }
        ToServer::Abandoned { backup: BackupId { source, generation }, reason } => {
            format!("ABANDONED {source:?} {generation}: {reason:?}")
        }
        ToServer::Rekeyed { result, version, .. } => {
            format!("REKEYED CARD: {result:?}, version {version} in use")
        }
        ToServer::Unspoken(unspoken) => unspoken_octet(*unspoken),
    }
}

/// What the server says.
#[must_use]
pub fn outgoing(message: &FromServer) -> String {
    match message {
        FromServer::Missing { backup: BackupId { source, generation }, blocks } => {
            format!("MISSING {source:?} {generation}: {} of {}", blocks.len(), blocks.total())
        }
        FromServer::Planned { backup: BackupId { source, generation }, .. } => {
            format!("PLANNED {source:?} {generation}")
        }
        FromServer::Ok { backup: BackupId { source, generation }, .. } => {
            format!("OK {source:?} {generation}")
        }
        FromServer::Refused { backup: BackupId { source, generation }, reason, .. } => {
            format!("REFUSED {source:?} {generation}: {reason:?}")
        }
        FromServer::Restore { generation, total, number, .. } => {
            format!("RESTORE CARD {generation}: {number} of {total}")
        }
        FromServer::Configure { source, number, fields } => {
            format!("CONFIGURE {source:?} {number}: {} octets", fields.len())
        }
        FromServer::Start { source, start } => {
            format!("START {source:?} {}: {:?}", start.number, start.extent)
        }
        FromServer::Rekey(rekey) => {
            format!("REKEY CARD: version {} for version {}", rekey.version, rekey.replaces)
        }
        FromServer::Unspoken(unspoken) => unspoken_octet(*unspoken),
    }
}

pub(crate) fn given_up(given_up: GivenUp) -> String {
    match given_up {
        GivenUp::Backup(BackupId { source, generation }) => {
            format!("given up: asking about backup {source:?} {generation}, no answer")
        }
        GivenUp::Start { source, number } => format!("given up: START {source:?} {number}, no answer"),
        GivenUp::Restore { generation } => {
            format!("given up: RESTORE CARD {generation}, no answer or another copy")
        }
    }
}

fn unspoken_octet(unspoken: Unspoken) -> String {
    let Unspoken { source, octet, versions } = unspoken;
    format!("UNSPOKEN {source:?}: first octet {octet:02X}, versions {versions:02X}")
}
