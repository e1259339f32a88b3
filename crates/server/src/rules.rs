//! How the backups of groups of subscribers are made.

use std::sync::Arc;

use oxisim_backup::{
    Command, Configuration, Receiver, Spacing, Vault,
    message::{MessageType, Source},
};
use oxisim_wire::Instant;

use crate::Msisdn;

/// How the backups of a group are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// What the uploaders are told.
    pub configuration: Configuration,
    /// When the server asks for their subsets, if not as it does of itself.
    pub spacing: Option<Spacing>,
}

/// The rules of all groups. A subscriber is in the group with the longest beginning of their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rulebook(Vec<(String, Option<Arc<Rules>>)>);

impl Rulebook {
    /// Beginnings of numbers, each with the rules of its group; none: the group leaves its subscribers as they are.
    #[must_use]
    pub fn new(groups: impl IntoIterator<Item = (String, Option<Arc<Rules>>)>) -> Self {
        Self(groups.into_iter().collect())
    }

    /// The rules for a subscriber.
    #[must_use]
    pub fn of(&self, msisdn: &Msisdn) -> Option<&Rules> {
        let fitting = self.0.iter().filter(|(prefix, _)| msisdn.digits().starts_with(prefix.as_str()));
        fitting.max_by_key(|(prefix, _)| prefix.len()).and_then(|(_, rules)| rules.as_deref())
    }
}

/// Orders what an uploader has not been told of the rules. What it was told last counts, whatever it has answered: what it
/// has refused is not said again and again. Whoever has no backup yet is told nothing.
pub(crate) fn follow<V: Vault>(
    vault: &mut V,
    receiver: &Receiver,
    rules: &Rules,
    source: Source,
    now: Instant,
) -> Result<(), V::Error> {
    if vault.session(source)?.is_none() {
        return Ok(());
    }
    let wanted = rules.configuration.encode();
    let told = vault.order(source, MessageType::CONFIGURE)?.map(|order| order.command);
    let is_told = wanted.is_empty() || told == Some(Command::Configure(wanted.clone()));
    if !is_told {
        receiver.order(vault, source, Command::Configure(wanted), now)?;
    }
    if vault.spacing(source)? != rules.spacing {
        vault.put_spacing(source, rules.spacing.as_ref())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_says_whose_rules_count_also_if_there_are_none() {
        let rules = |subset| {
            let configuration = Configuration { subset: Some(subset), ..Configuration::default() };
            Arc::new(Rules { configuration, spacing: None })
        };
        let groups = [("49", Some(1)), ("49151", None), ("4915112", Some(3)), ("1", Some(4))];
        let book = Rulebook::new(groups.map(|(prefix, subset)| (prefix.into(), subset.map(rules))));
        let subset = |number: &str| book.of(&number.parse().unwrap())?.configuration.subset;
        let subsets = ["4916", "49151", "491511", "4915112", "15550", "33"].map(subset);
        assert_eq!(subsets, [Some(1), None, None, Some(3), Some(4), None]);
    }
}
