//! Places in the file system: which file a name stands for, and that a name outlasts a power failure.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Where a file is or would be, by whatever name and from whatever directory it is called.
///
/// # Errors
///
/// When there is no such directory, or no file can be called so.
pub(super) fn place(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
            Ok(directory(path).canonicalize()?.join(name))
        }
        found => found,
    }
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the file is still the one of that name.
#[cfg(unix)]
pub(super) fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let is_same =
        |there: std::fs::Metadata, held: std::fs::Metadata| (there.dev(), there.ino()) == (held.dev(), held.ino());
    match path.metadata() {
        Ok(there) => Ok(is_same(there, file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
pub(super) fn is_at(_path: &Path, _file: &File) -> io::Result<bool> {
    Ok(true)
}

/// Makes it outlast a power failure that a file has this name.
#[cfg(unix)]
pub(super) fn sync_name(path: &Path) -> io::Result<()> {
    File::open(directory(path))?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_name(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_place_whatever_it_is_called() {
        let directory = tempfile::tempdir().unwrap();
        let of = |name: &str| place(&directory.path().join(name));
        let root = directory.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("d")).unwrap();
        for name in ["new", "./new", "d/../new"] {
            assert_eq!(of(name).unwrap(), root.join("new"), "{name}");
        }
        std::fs::write(root.join("there"), "").unwrap();
        assert_eq!(of("d/../there").unwrap(), root.join("there"));
        assert_eq!(of("nowhere/new").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(of("d/..").is_ok() && of("nowhere/..").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_at_the_place_of_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::write(root.join("there"), "").unwrap();
        std::os::unix::fs::symlink("there", root.join("link")).unwrap();
        assert_eq!(place(&root.join("link")).unwrap(), root.join("there"));
    }
}
