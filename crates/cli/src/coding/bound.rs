//! What a model without limits would need: the bound to which the compact coding is compared.
//!
//! Order 4, with the escape of Witten and Bell (IEEE Transactions on Information Theory 37 (1991)): each context
//! mixes what it has seen with what the next shorter one says. It goes on learning from what it codes, and nothing is
//! cut into messages.

use std::collections::HashMap;

use oxisim_phonebook::Record;

const ORDER: usize = 4;

/// Symbols: an octet of a name, the end of a name, a digit, and so on.
const SYMBOLS: f64 = 512.0;

/// A model of order 4.
#[derive(Default)]
pub struct Model {
    contexts: HashMap<Vec<u16>, HashMap<u16, u32>>,
}

impl Model {
    /// Bits that a record takes. The model has learned it then.
    pub fn record(&mut self, record: &Record) -> f64 {
        let name = record.alpha.octets().iter().map(|&octet| u16::from(octet));
        let number = record.number.iter().flat_map(|number| {
            let digits = number.digits().iter().map(|&digit| 0x130 + u16::from(digit));
            std::iter::once(0x140 + u16::from(number.ton_npi().is_international())).chain(digits)
        });
        let symbols: Vec<u16> = name.chain([0x100]).chain(number).chain([0x101]).collect();
        (0..symbols.len()).map(|at| self.symbol(&symbols[at.saturating_sub(ORDER)..at], symbols[at])).sum()
    }

    fn symbol(&mut self, before: &[u16], symbol: u16) -> f64 {
        let mut chance = 1.0 / SYMBOLS;
        for length in 0..=before.len() {
            let context = self.contexts.entry(before[before.len() - length..].to_vec()).or_default();
            let (kinds, seen) = (context.len() as f64, f64::from(context.values().sum::<u32>()));
            let count = context.entry(symbol).or_insert(0);
            if seen > 0.0 {
                chance = (f64::from(*count) + kinds * chance) / (seen + kinds);
            }
            *count += 1;
        }
        -chance.log2()
    }
}
