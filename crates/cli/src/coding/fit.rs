//! Fits a table.
//!
//! The weights are fitted one decision at a time, by the gradient of what it costs (Duchi, Hazan, Singer, JMLR 12
//! (2011), with a gentler root). After half of the passes they take the sixteen levels that lie closest, chosen by
//! Lloyd's method (IEEE Transactions on Information Theory 28 (1982)), and the rest is fitted with what a card will
//! have.
//!
//! So that a table does little harm to what it has never met, some of what it is fitted to is made strange: a block's
//! scripts or countries are taken for unknown ones, the letters of an unknown script are moved, and now and then a
//! context is another one, as it is for a card with a pair of letters that no book had.
//!
//! Only sums, products, quotients and square roots of IEEE 754 are used, so the table is the same everywhere.

use std::{cmp::Reverse, collections::BTreeMap};

use oxisim_backup::{
    Entry,
    compact::{Bits, Context, LEVELS, ORIGINS, Origin, SLOTS, Table, UNIT, Walk, logistic},
};
use oxisim_phonebook::{AlphaIdentifier, Record};
use oxisim_wire::Error;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use super::books::Books;

/// How far a weight moves at first, and at last.
const STEPS: (f32, f32) = (0.05, 0.002);

/// A script or a country is known that is met in more than one contact of so many.
const RARE: usize = 400;

/// Octets of an alpha identifier on the card.
const ALPHA: u8 = 14;

/// How much is strange: one in so many.
#[derive(Clone, Copy)]
struct Strange {
    /// Of the blocks, those with unknown scripts; and those with unknown countries.
    blocks: usize,
    /// Of an unknown script's blocks, those whose letters stay where they are.
    unmoved: usize,
    /// Of the decisions, those with a context that is another one.
    contexts: usize,
}

impl Strange {
    /// Books of many languages are for any; those of one are for their own country.
    fn to(books: &Books) -> Self {
        let unmoved = 8;
        if books.languages() > 1 {
            Self { blocks: 5, unmoved, contexts: 4 }
        } else {
            Self { blocks: 50, unmoved, contexts: 12 }
        }
    }
}

/// A table that is being fitted.
pub struct Fit {
    weights: Vec<f32>,
    /// Squares of all gradients.
    moved: Vec<f32>,
    /// What a card has instead of the weights, once there are levels.
    taken: Vec<f32>,
    levels: Option<[i8; LEVELS]>,
    step: f32,
    cost: f64,
    contacts: usize,
    chance: Chance,
    strange: Strange,
    origins: Vec<Origin>,
    /// Whether the block's scripts, and its countries, are strange.
    scripts: bool,
    countries: bool,
}

/// Fits a table to books; `tell` hears, after each pass, the bits of a contact.
pub fn fit(books: &Books, passes: u16, mut tell: impl FnMut(f64)) -> Fit {
    let slots = usize::from(SLOTS);
    let mut fit = Fit {
        weights: vec![0.0; slots],
        moved: vec![0.0; slots],
        taken: vec![0.0; slots],
        levels: None,
        step: 0.0,
        cost: 0.0,
        contacts: 0,
        chance: Chance(ChaCha8Rng::seed_from_u64(0)),
        strange: Strange::to(books),
        origins: origins(books),
        scripts: false,
        countries: false,
    };
    for pass in 0..passes {
        let is_late = pass >= passes / 2;
        if is_late && (fit.levels.is_none() || pass % 2 == 0 && pass + 2 < passes) {
            fit.choose_levels();
        }
        let (first, last) = STEPS;
        fit.step = last + first * (1.0 - f32::from(pass) / f32::from(passes));
        (fit.cost, fit.contacts) = (0.0, 0);
        for block in blocks(books, &mut fit.chance) {
            fit.block(block);
        }
        tell(fit.bits());
    }
    if fit.levels.is_none() {
        fit.choose_levels();
    }
    fit
}

impl Fit {
    /// Bits of a contact in the last pass.
    pub fn bits(&self) -> f64 {
        self.cost / self.contacts.max(1) as f64
    }

    /// The table.
    pub fn table(&self, number: u8, name: &str) -> Table {
        let levels = self.levels.unwrap_or_default();
        Table::new(number, name, levels, &self.origins, |slot| {
            let weight = self.weights.get(usize::from(slot)).copied().unwrap_or(0.0);
            nearest(&levels, weight) as u8
        })
    }

    fn block(&mut self, mut entries: Vec<Entry>) {
        self.scripts = self.chance.is_one_in(self.strange.blocks);
        self.countries = self.chance.is_one_in(self.strange.blocks);
        if self.scripts && !self.chance.is_one_in(self.strange.unmoved) {
            let distance = self.chance.below(128) as u8;
            entries
                .iter_mut()
                .filter_map(|entry| entry.record.as_mut())
                .for_each(|record| moved(record, distance));
        }
        let mut walk = Walk::new(ALPHA);
        for entry in entries.iter().map(Some).chain([None]) {
            // What the coding cannot say has no weights either.
            if walk.entry(self, entry).is_err() {
                return;
            }
        }
        self.contacts += entries.iter().filter(|entry| entry.record.is_some()).count();
    }

    fn choose_levels(&mut self) {
        let mut used: Vec<(f32, f32)> =
            self.weights.iter().zip(&self.moved).map(|(&weight, &moved)| (weight, moved.sqrt())).collect();
        used.retain(|&(_, moved)| moved > 0.0);
        if used.is_empty() {
            used.push((0.0, 1.0));
        }
        used.sort_by(|a, b| a.0.total_cmp(&b.0));
        let spread = |level: usize| used[(used.len() - 1) * (2 * level + 1) / (2 * LEVELS)].0;
        let mut centres: [f32; LEVELS] = std::array::from_fn(spread);
        for _ in 0..60 {
            let mut sums = [(0.0, 0.0); LEVELS];
            for &(weight, moved) in &used {
                let (sum, count) = &mut sums[closest(&centres, weight)];
                *sum += f64::from(weight * moved);
                *count += f64::from(moved);
            }
            for (centre, (sum, count)) in centres.iter_mut().zip(sums) {
                if count > 0.0 {
                    *centre = (sum / count) as f32;
                }
            }
        }
        let levels = centres.map(|centre| (centre * f32::from(UNIT)).round() as i8);
        self.levels = Some(levels);
        for (taken, &weight) in self.taken.iter_mut().zip(&self.weights) {
            *taken = value(levels[nearest(&levels, weight)]);
        }
    }
}

impl Bits for Fit {
    const DECODES: bool = false;

    fn knows(&self, origin: Origin) -> bool {
        let is_strange = if origin.is_country() { self.countries } else { self.scripts };
        !is_strange && self.origins.contains(&origin)
    }

    fn bit<const N: usize>(&mut self, contexts: [Context; N], bit: bool) -> Result<bool, Error> {
        let strange = (contexts.len() > 3 && self.chance.is_one_in(self.strange.contexts)).then(|| {
            (self.chance.below(contexts.len()), Context::new(&[self.chance.below(0x1_0000) as u16]))
        });
        let slots = contexts.iter().enumerate().map(move |(at, &context)| match strange {
            Some((place, other)) if place == at => usize::from(other.slot()),
            _ => usize::from(context.slot()),
        });
        let used = if self.levels.is_some() { &self.taken } else { &self.weights };
        let sum: f32 = slots.clone().map(|slot| used[slot]).sum();
        let chance = f32::from(logistic((sum * f32::from(UNIT)).round() as i16)) / 65_536.0;
        self.cost -= f64::from(if bit { chance } else { 1.0 - chance }).log2();
        let error = f32::from(u8::from(bit)) - chance;
        for slot in slots {
            self.moved[slot] += error * error;
            self.weights[slot] += self.step * error / (self.moved[slot] + 1.0).sqrt().sqrt();
            if let Some(levels) = &self.levels {
                self.taken[slot] = value(levels[nearest(levels, self.weights[slot])]);
            }
        }
        Ok(bit)
    }
}

/// What the books meet most often.
fn origins(books: &Books) -> Vec<Origin> {
    let mut met = BTreeMap::<Origin, usize>::new();
    let records = books.0.iter().flat_map(|(_, records)| records);
    records.for_each(|record| Origin::each(record, |origin| *met.entry(origin).or_default() += 1));
    let mut met: Vec<_> = met.into_iter().filter(|&(_, times)| times > books.contacts() / RARE).collect();
    met.sort_by_key(|&(origin, times)| (Reverse(times), origin));
    met.into_iter().map(|(origin, _)| origin).take(ORIGINS).collect()
}

/// Moves the letters of the name by `distance` in their half pages.
fn moved(record: &mut Record, distance: u8) {
    let mut octets = record.alpha.octets().to_vec();
    let moved = |octet: u8| octet & 0x80 | octet.wrapping_add(distance) & 0x7F;
    match octets.as_mut_slice() {
        [0x80, units @ ..] => {
            let above = units.chunks_exact_mut(2).filter(|unit| unit[0] > 0 || unit[1] > 0x7F);
            above.for_each(|unit| unit[1] = moved(unit[1]));
        }
        [0x81, _, _, octets @ ..] => {
            octets.iter_mut().filter(|octet| **octet > 0x7F).for_each(|octet| *octet = moved(*octet));
        }
        _ => {}
    }
    record.alpha = AlphaIdentifier::from_field(&octets);
}

fn value(level: i8) -> f32 {
    f32::from(level) / f32::from(UNIT)
}

/// The level closest to a weight; levels ascend.
fn nearest(levels: &[i8; LEVELS], weight: f32) -> usize {
    let weight = weight * f32::from(UNIT);
    let above = levels.partition_point(|&level| f32::from(level) < weight).min(LEVELS - 1);
    let below = above.saturating_sub(1);
    let is_below = weight - f32::from(levels[below]) <= f32::from(levels[above]) - weight;
    if is_below { below } else { above }
}

fn closest(centres: &[f32; LEVELS], weight: f32) -> usize {
    let mut best = 0;
    for (at, centre) in centres.iter().enumerate() {
        if (weight - centre).abs() < (weight - centres[best]).abs() {
            best = at;
        }
    }
    best
}

/// Blocks as backups have them, in an order of chance: most from a whole backup, some from one of what has changed.
fn blocks(books: &Books, chance: &mut Chance) -> Vec<Vec<Entry>> {
    let mut blocks = Vec::new();
    for (_, records) in &books.0 {
        let mut rest = &records[chance.below(9).min(records.len())..];
        let mut slot = chance.below(200) as u16;
        let is_whole = chance.below(8) > 0;
        while !rest.is_empty() {
            let (block, further) = rest.split_at((6 + chance.below(7)).min(rest.len()));
            rest = further;
            blocks
                .push(block.iter().flat_map(|record| entries(record, is_whole, &mut slot, chance)).collect());
        }
    }
    for last in (1..blocks.len()).rev() {
        blocks.swap(last, chance.below(last + 1));
    }
    blocks
}

fn entries(record: &Record, is_whole: bool, slot: &mut u16, chance: &mut Chance) -> Vec<Entry> {
    let mut entries = Vec::new();
    let gap = match (is_whole, chance.below(32)) {
        (true, 1..) => 1,
        _ => 2 + chance.below(30) as u16,
    };
    *slot = (*slot + gap) % 4_000;
    if !is_whole && chance.below(5) == 0 {
        entries.push(Entry { slot: *slot + 1, record: None });
        *slot += 1;
    }
    entries.push(Entry { slot: *slot + 1, record: Some(record.clone()) });
    entries
}

struct Chance(ChaCha8Rng);

impl Chance {
    fn is_one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        ((u64::from(self.0.next_u32()) * end as u64) >> 32) as usize
    }
}
