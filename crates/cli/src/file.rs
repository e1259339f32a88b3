//! The files that people and scripts name.

use std::{
    fs::{self, File, FileType},
    io::{self, Read},
    path::Path,
};

/// The largest file that is read.
const LARGEST: u64 = 256 << 20;

/// What is in a file, which is an ordinary one: a device has no end, and a pipe nobody at its other one.
pub fn octets(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    all(File::open(path)?)
}

/// The same of a file that the command line names, which may be a pipe: a shell's process substitution is one.
pub fn given(path: &Path) -> io::Result<Vec<u8>> {
    if is_pipe(fs::metadata(path)?.file_type()) { all(File::open(path)?) } else { octets(path) }
}

/// What [`octets`] gives, which is text in UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8");
    String::from_utf8(octets(path)?).map_err(no_text)
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_fifo()
}

#[cfg(not(unix))]
const fn is_pipe(_: FileType) -> bool {
    false
}

/// All that comes, if it is not more than a file may have.
pub fn all(from: impl Read) -> io::Result<Vec<u8>> {
    at_most(LARGEST, from)
}

fn at_most(most: u64, from: impl Read) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    // One octet more tells whether that was all.
    if from.take(most + 1).read_to_end(&mut octets)? as u64 > most {
        let why = format!("it has more than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_not_read_to_its_end() {
        assert_eq!(at_most(4, &b"1234"[..]).unwrap(), b"1234");
        assert_eq!(at_most(1 << 20, io::repeat(0)).unwrap_err().to_string(), "it has more than 1 MiB");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_and_a_folder_are_no_files() {
        for path in ["/dev/zero", "/"] {
            assert_eq!(octets(Path::new(path)).unwrap_err().to_string(), "it is no ordinary file");
            assert_eq!(given(Path::new(path)).unwrap_err().to_string(), "it is no ordinary file");
        }
    }
}
