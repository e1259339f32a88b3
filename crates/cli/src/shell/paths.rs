//! Paths as they are typed, from where one is.

use crate::image::FilePath;

/// What ends a path that is going on.
const SLASH: char = '/';

/// A step of a path that means nothing where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The directory.
    pub within: FilePath,
    /// The step.
    pub step: String,
    /// Why it means nothing.
    pub why: String,
}

/// The path that a text means in a directory.
pub fn resolve(here: &FilePath, text: &str) -> Result<FilePath, Unknown> {
    let from_top = text.starts_with(SLASH);
    let mut path = if from_top { FilePath::MF } else { here.clone() };
    let mut is_first = true;
    for step in text.split(SLASH).filter(|step| !matches!(*step, "" | ".")) {
        path = match step {
            ".." => path.parent().unwrap_or(FilePath::MF),
            "MF" | "3F00" | "3f00" if is_first => FilePath::MF,
            step if step.starts_with("ADF.") && (is_first || path == FilePath::MF) => {
                FilePath { application: Some(step.into()), fids: Vec::new() }
            }
            step => FilePath::parse(&format!("{path}/{step}")).map_err(|error| Unknown {
                within: path.clone(),
                step: step.into(),
                why: error.to_string(),
            })?,
        };
        is_first = false;
    }
    Ok(path)
}

/// The directory that the beginning of a path names, and what stands behind its last slash.
pub fn divide(text: &str) -> (&str, &str) {
    text.rfind(SLASH).map_or(("", text), |slash| text.split_at(slash + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_where_one_is_unless_they_say_otherwise() {
        let usim = FilePath::parse("ADF.USIM").unwrap();
        for (text, path) in [
            ("EF.IMSI", "ADF.USIM/EF.IMSI"),
            ("6F07", "ADF.USIM/EF.IMSI"),
            ("./DF.PHONEBOOK/EF.ADN", "ADF.USIM/DF.PHONEBOOK/EF.ADN"),
            ("DF.PHONEBOOK/../EF.AD", "ADF.USIM/EF.AD"),
            ("..", "MF"),
            ("../..", "MF"),
            ("../EF.ICCID", "MF/EF.ICCID"),
            ("/EF.ICCID", "MF/EF.ICCID"),
            ("MF/DF.TELECOM", "MF/DF.TELECOM"),
            ("3F00/2FE2", "MF/EF.ICCID"),
            ("ADF.ISIM/EF.IMPI", "ADF.ISIM/EF.IMPI"),
            ("MF/ADF.USIM", "ADF.USIM"),
            ("/", "MF"),
            ("", "ADF.USIM"),
            ("1234/5678", "ADF.USIM/1234/5678"),
        ] {
            assert_eq!(resolve(&usim, text).unwrap().to_string(), path, "{text}");
        }
    }

    #[test]
    fn a_step_that_means_nothing_is_told_with_its_directory() {
        let unknown = resolve(&FilePath::MF, "DF.TELECOM/EF.NONE/EF.ADN").unwrap_err();
        assert_eq!(
            (unknown.within.to_string().as_str(), unknown.step.as_str()),
            ("MF/DF.TELECOM", "EF.NONE")
        );
        assert!(unknown.why.contains("EF.NONE"), "{unknown:?}");
    }
}
