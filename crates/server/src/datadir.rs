//! The data folder: private to its user, locked by one server, files written whole or not at all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::ServerError;

/// The folder, held by this process until dropped: a second server cannot open it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if needed and takes its lock.
    ///
    /// # Errors
    /// [`ServerError::DataDirInUse`] if another server has it; [`ServerError::File`] if it cannot be made or its mode
    /// cannot be set.
    pub fn lock(path: &Path) -> Result<Self, ServerError> {
        make_private(path)?;
        let lock_path = path.join("server.lock");
        let lock = open_lock(&lock_path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ServerError::DataDirInUse(path.to_owned())),
            Err(TryLockError::Error(source)) => {
                Err(ServerError::File { action: "cannot lock", path: lock_path, source })
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a folder with mode 0700, or sets that mode on the one there is.
pub(crate) fn make_private(path: &Path) -> Result<(), ServerError> {
    let failed =
        |source| ServerError::File { action: "cannot make", path: path.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Opens (makes) a lock file. Its content is never read.
pub(crate) fn open_lock(path: &Path) -> Result<File, ServerError> {
    private_options().open(path).map_err(|source| ServerError::File {
        action: "cannot open",
        path: path.to_owned(),
        source,
    })
}

/// Replaces a file whole: readers see the old content or the new. Mode 0600.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), ServerError> {
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    let failed =
        |source| ServerError::File { action: "cannot write", path: path.to_owned(), source };
    let mut file = private_options().truncate(true).open(&temporary).map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&temporary, path).map_err(failed)
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_server_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let first = DataDir::lock(&path).unwrap();
        assert!(matches!(DataDir::lock(&path), Err(ServerError::DataDirInUse(_))));
        drop(first);
        DataDir::lock(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_files_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let _held = DataDir::lock(&path).unwrap();
        write_private(&path.join("secret"), b"x").unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("secret")), 0o600);
        assert_eq!(mode(&path.join("server.lock")), 0o600);
    }
}
