//! The store in PostgreSQL.

mod records;
mod schedule;
mod schema;
mod tls;
mod writing;

use postgres::Client;

use super::{Sealed, StoreError, StoreKey};
pub use records::PostgresRecords;
pub use tls::TlsFailure;
use tls::Way;

/// A [`Store`](super::Store) in PostgreSQL, from release 15 on. Several servers can share one ([`Leases`](super::Leases)).
///
/// What is committed is on the disk, and on a synchronous standby if the database has one.
pub type PostgresStore = Sealed<PostgresRecords>;

impl Sealed<PostgresRecords> {
    /// Opens the store in the database that a URL (`postgresql://…`) or a list of words (`host=… dbname=…`) names, in
    /// its schema `oxisim`, which is made if it does not exist. Tables of an earlier version are brought forward.
    /// `sslmode` says how safe the way there must be: `disable`, `prefer`, `require`, or `verify-full` with the certificates
    /// of the file `sslrootcert`.
    ///
    /// It blocks, and must not be called by a task of an asynchronous runtime.
    pub fn connect(database: &str, key: &StoreKey) -> Result<Self, StoreError> {
        Ok(Self::over(PostgresRecords::connect(Way::parse(database)?)?, key)?.counting())
    }

    /// Whether a URL or a list of words can be understood, and the certificates that it names can be read.
    pub fn check(database: &str) -> Result<(), StoreError> {
        Way::parse(database).map(drop)
    }
}

fn client(way: &Way) -> Result<Client, StoreError> {
    let mut client = way.connect()?;
    schema::prepare(&mut client, schema::MIGRATIONS)?;
    Ok(client)
}
