//! Octets as a sequence of steps.

/// Octets that are taken from the front; where none are left there is zero.
pub struct Steps<'a>(pub &'a [u8]);

impl<'a> Steps<'a> {
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next octet.
    pub fn octet(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// So many octets, or as many as there are.
    pub fn octets(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Octets behind one that says how many.
    pub fn counted(&mut self) -> &'a [u8] {
        let length = self.octet();
        self.octets(length.into())
    }
}
