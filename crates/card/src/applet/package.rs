//! What is loaded onto a card: the classes of applets.

use alloc::{boxed::Box, vec, vec::Vec};
use core::fmt;

use super::Applet;
use crate::file::Aid;

/// A package (Java Card): applets that are loaded, and deleted, together.
#[derive(Clone)]
pub struct Package {
    /// Its AID.
    pub aid: Aid,
    /// Major and minor version.
    pub version: (u8, u8),
    /// An object of each class, the prototype of those that will run.
    pub applets: Vec<Box<dyn Applet>>,
}

impl Package {
    /// A package of one class, with the AID of that class.
    #[must_use]
    pub fn of(applet: impl Applet + 'static) -> Self {
        Self { aid: applet.class_aid(), version: (1, 0), applets: vec![Box::new(applet)] }
    }

    /// The prototype of a class.
    pub(crate) fn class(&self, aid: &Aid) -> Option<&dyn Applet> {
        self.applets.iter().map(|applet| &**applet).find(|applet| applet.class_aid() == *aid)
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes: Vec<_> = self.applets.iter().map(|applet| applet.class_aid()).collect();
        f.debug_struct("Package")
            .field("aid", &self.aid)
            .field("version", &self.version)
            .field("classes", &classes)
            .finish()
    }
}
