//! The store in PostgreSQL.

mod records;
mod schedule;
mod schema;

use postgres::{Client, Config, NoTls};

use super::{Sealed, StoreError, StoreKey};
pub use records::PostgresRecords;

/// A [`Store`](super::Store) in PostgreSQL, from release 15 on. Several servers can share one ([`Leases`](super::Leases)).
///
/// What is committed is on the disk, and on a synchronous standby if the database has one.
pub type PostgresStore = Sealed<PostgresRecords>;

impl Sealed<PostgresRecords> {
    /// Opens the store in the database that a URL (`postgresql://…`) or a list of words (`host=… dbname=…`) names, in
    /// its schema `oxisim`, which is made if it does not exist. Tables of an earlier version are brought forward.
    ///
    /// It blocks, and must not be called by a task of an asynchronous runtime.
    pub fn connect(database: &str, key: &StoreKey) -> Result<Self, StoreError> {
        Ok(Self::over(PostgresRecords::connect(database.parse()?)?, key)?.counting())
    }
}

fn client(config: &Config) -> Result<Client, StoreError> {
    let mut client = config.connect(NoTls)?;
    schema::prepare(&mut client, schema::MIGRATIONS)?;
    Ok(client)
}
