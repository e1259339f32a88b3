//! Names of files: by identifiers, or as the standards name them.

use std::{collections::HashMap, fmt, sync::LazyLock};

/// The place of a file: from the MF, or from an application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath {
    /// The application, such as `ADF.USIM`; none for what stands under the MF.
    pub application: Option<String>,
    /// File identifiers below it; none for the MF or the ADF itself.
    pub fids: Vec<u16>,
}

/// A path is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPath {
    /// A step is neither an identifier nor a known name.
    #[error(
        "{step:?} is neither four hexadecimal digits nor the name of a file in {within} that this program knows"
    )]
    Step {
        /// The step.
        step: String,
        /// Where it was looked for.
        within: String,
    },
    /// There is nothing.
    #[error("the path is empty")]
    Empty,
}

/// What the standards call the files: identifiers and names, in pairs.
const TABLE: &str = include_str!("names.txt");

/// Names by identifiers, and identifiers by names.
static NAMES: LazyLock<[HashMap<&str, &str>; 2]> = LazyLock::new(|| {
    let pairs =
        || TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
    [pairs().collect(), pairs().map(|(fids, names)| (names, fids)).collect()]
});

impl FilePath {
    /// The MF.
    pub const MF: Self = Self { application: None, fids: Vec::new() };

    /// Reads `MF/DF.TELECOM/EF.ADN`, `3F00/7F10/6F3A`, `7F10/6F3A`, `ADF.USIM/6F07` or any mixture.
    pub fn parse(text: &str) -> Result<Self, NoPath> {
        let mut path = Self::MF;
        for (i, step) in text.split('/').enumerate() {
            match step {
                "" => return Err(NoPath::Empty),
                "MF" | "3F00" | "3f00" if i == 0 => {}
                adf if i == 0 && adf.starts_with("ADF.") => path.application = Some(adf.into()),
                step => {
                    let fid = fid(step).or_else(|| path.named(step));
                    let unknown = || NoPath::Step { step: step.into(), within: path.to_string() };
                    let fid = fid.ok_or_else(unknown)?;
                    path.fids.push(fid);
                }
            }
        }
        Ok(path)
    }

    /// The directory that the file stands in; none for the MF.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match (self.fids.split_last(), &self.application) {
            (Some((_, above)), application) => {
                Some(Self { application: application.clone(), fids: above.into() })
            }
            (None, Some(_)) => Some(Self::MF),
            (None, None) => None,
        }
    }

    /// The name of the file itself, if the standards or the table have one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        let [names, _] = &*NAMES;
        names.get(self.identifiers().as_str()).and_then(|names| names.rsplit('/').next())
    }

    /// The path by identifiers.
    #[must_use]
    pub fn identifiers(&self) -> String {
        self.fids.iter().fold(self.start("3F00").to_owned(), |path, fid| format!("{path}/{fid:04X}"))
    }

    /// Identifiers of the files that the table knows in this directory.
    pub fn known_children(&self) -> impl Iterator<Item = u16> {
        let within = self.identifiers();
        TABLE.lines().filter_map(move |line| {
            let (identifiers, _) = line.split_once(' ')?;
            fid(identifiers.strip_prefix(&within)?.strip_prefix('/')?)
        })
    }

    /// The places where the table knows a file of that name, those of the usual applications first.
    pub fn with_name(name: &str) -> impl Iterator<Item = Self> {
        let places = move |in_application: bool| {
            let names = TABLE.lines().filter_map(|line| line.split_once(' ')).map(|(_, names)| names);
            names.filter(move |names| names.starts_with("ADF.") == in_application)
        };
        places(true)
            .chain(places(false))
            .filter(move |names| names.rsplit('/').next() == Some(name))
            .filter_map(|names| Self::parse(names).ok())
    }

    /// The path of a file in this directory.
    #[must_use]
    pub fn child(&self, fid: u16) -> Self {
        let fids = self.fids.iter().copied().chain([fid]).collect();
        Self { application: self.application.clone(), fids }
    }

    fn start<'a>(&'a self, mf: &'a str) -> &'a str {
        self.application.as_deref().unwrap_or(mf)
    }

    fn named(&self, step: &str) -> Option<u16> {
        let [_, fids] = &*NAMES;
        fids.get(format!("{self}/{step}").as_str()).and_then(|fids| fid(fids.rsplit('/').next()?))
    }
}

/// By names where there are names.
impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.start("MF"))?;
        for depth in 1..=self.fids.len() {
            let fids: Vec<u16> = self.fids.iter().take(depth).copied().collect();
            let fid = fids.last().copied().unwrap_or_default();
            let part = Self { application: self.application.clone(), fids };
            match part.name() {
                Some(name) => write!(f, "/{name}")?,
                None => write!(f, "/{fid:04X}")?,
            }
        }
        Ok(())
    }
}

/// Four hexadecimal digits.
pub fn fid(text: &str) -> Option<u16> {
    let digits = text.len() == 4 && text.chars().all(|c| c.is_ascii_hexdigit());
    digits.then(|| u16::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_names_are_the_same_path() {
        for text in ["MF/DF.TELECOM/EF.ADN", "3F00/7F10/6F3A", "7f10/6f3a", "DF.TELECOM/6F3A"] {
            let path = FilePath::parse(text).unwrap();
            assert_eq!(
                (path.to_string().as_str(), path.identifiers().as_str()),
                ("MF/DF.TELECOM/EF.ADN", "3F00/7F10/6F3A")
            );
        }
        let imsi = FilePath::parse("ADF.USIM/EF.IMSI").unwrap();
        assert_eq!((imsi.name(), imsi.fids.as_slice()), (Some("EF.IMSI"), &[0x6F07][..]));
        assert_eq!(imsi.parent().unwrap().parent(), Some(FilePath::MF));
        assert_eq!(FilePath::parse("ADF.USIM/1234/5678").unwrap().to_string(), "ADF.USIM/1234/5678");
    }

    #[test]
    fn every_name_of_the_table_is_its_identifiers() {
        let [names, fids] = &*NAMES;
        assert_eq!(names.len(), fids.len());
        for (&identifiers, &name) in names {
            assert_eq!(FilePath::parse(name), FilePath::parse(identifiers));
            assert_eq!(FilePath::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_is_no_path_is_said() {
        assert_eq!(
            FilePath::parse("MF/EF.IMSI").unwrap_err().to_string(),
            "\"EF.IMSI\" is neither four hexadecimal digits nor the name of a file in MF that this program knows"
        );
        assert_eq!(FilePath::parse("").unwrap_err().to_string(), "the path is empty");
    }
}
