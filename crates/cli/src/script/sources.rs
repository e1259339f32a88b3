//! The files of a script.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use oxisim_script::Source;

use crate::failure::Failure;

/// The longest script; none is, and a device file has no end.
const LONGEST: u64 = 64 << 20;

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// The script of that name.
pub fn script(path: &Path) -> Result<Source, Failure> {
    let name = path.to_string_lossy().into_owned();
    let text = if name == STANDARD_INPUT { text(io::stdin().lock()) } else { file(path) };
    let text = text.map_err(|error| Failure::Read { path: path.into(), error })?;
    Ok(Source { name, text })
}

/// A file that a script includes; its path begins where the script is.
pub fn included(from: &str, path: &str) -> Result<Source, String> {
    let folder = Path::new(from).parent().unwrap_or_else(|| Path::new(""));
    let path: PathBuf = folder.join(path);
    let text = file(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(Source { name: path.to_string_lossy().into_owned(), text })
}

fn file(path: &Path) -> io::Result<String> {
    text(std::fs::File::open(path)?)
}

/// Scripts of others have comments in any coding: what is no UTF-8 is replaced.
fn text(from: impl Read) -> io::Result<String> {
    let mut octets = Vec::new();
    from.take(LONGEST).read_to_end(&mut octets)?;
    Ok(String::from_utf8(octets)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
