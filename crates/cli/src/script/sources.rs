//! The files of a script.

use std::{
    io,
    path::{Path, PathBuf},
};

use oxisim_script::Source;

use crate::file;

/// The name of standard input.
pub const STANDARD_INPUT: &str = "-";

/// The script of that name.
pub fn script(path: &Path) -> io::Result<Source> {
    let name = path.to_string_lossy().into_owned();
    let octets = if name == STANDARD_INPUT { file::all(io::stdin().lock())? } else { file::given(path)? };
    Ok(Source { name, text: text(octets) })
}

/// A file that a script includes; its path begins where the script is.
pub fn included(from: &str, path: &str) -> Result<Source, String> {
    let path = beside(Path::new(from), path);
    let octets = file::octets(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(Source { name: path.to_string_lossy().into_owned(), text: text(octets) })
}

/// The file that a script names so: its path begins where the script is.
pub fn beside(script: &Path, path: &str) -> PathBuf {
    script.parent().unwrap_or_else(|| Path::new("")).join(path)
}

/// Scripts of others have comments in any coding: what is no UTF-8 is replaced.
fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
