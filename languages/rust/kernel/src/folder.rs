//! The folder for what is compiled. A kernel that is killed leaves its own, which counts as memory of the session: the next one removes it.

use std::path::{Path, PathBuf};

const PREFIX: &str = "runyard-rust-";

fn path_of(process: u32) -> PathBuf {
    std::env::temp_dir().join(format!("{PREFIX}{process}"))
}

/// Removes what kernels left that have ended, and makes the folder of this one, which evcxr then uses.
pub fn make() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if process.is_some_and(|id| id == std::process::id() || !Path::new("/proc").join(id.to_string()).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let path = path_of(std::process::id());
    if std::fs::create_dir(&path).is_ok() {
        std::env::set_var("EVCXR_TMPDIR", path);
    }
}

pub fn remove() {
    let _ = std::fs::remove_dir_all(path_of(std::process::id()));
}
