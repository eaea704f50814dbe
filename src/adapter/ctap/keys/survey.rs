//! What of the bench can be seen without opening a key: the nodes of USB keys and whether this user may open them, the udev rule,
//! the readers. For a check beforehand; a running station watches by itself.

use std::path::{Path, PathBuf};

use pcsc::{Context, Error, Scope};
use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::domain::fault::Fault;

use super::{ReaderChoice, usb};

/// The file name of the rule that gives the station access to USB keys.
const RULE: &str = "70-keyline.rules";
/// Where udev looks for rules (udev(7)), in its order.
const RULE_FOLDERS: [&str; 4] = [
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
];

/// A USB key that is plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbNode {
    pub node: PathBuf,
    /// This user may read and write it.
    pub reachable: bool,
}

/// The nodes of all FIDO keys that are plugged in.
///
/// # Errors
/// [`Fault::Transport`] when they cannot be listed.
pub fn usb_nodes() -> Result<Vec<UsbNode>, Fault> {
    let nodes = usb::fido_devices()?.into_iter().map(|key| UsbNode {
        reachable: accessat(
            CWD,
            &key.node,
            Access::READ_OK | Access::WRITE_OK,
            AtFlags::EACCESS,
        )
        .is_ok(),
        node: key.node,
    });
    Ok(nodes.collect())
}

/// Where the rule is installed, if it is.
pub fn installed_rule() -> Option<PathBuf> {
    rule_in(&RULE_FOLDERS.map(Path::new))
}

fn rule_in(folders: &[&Path]) -> Option<PathBuf> {
    let places = folders.iter().map(|folder| folder.join(RULE));
    // An empty file, or a link to /dev/null, switches the rule off (udev(7)).
    places
        .into_iter()
        .find(|path| path.exists())
        .filter(|path| {
            path.metadata()
                .is_ok_and(|found| found.is_file() && found.len() > 0)
        })
}

/// The names of the readers that `choice` admits, and the number of the others.
///
/// # Errors
/// In words, when the smart-card service is not there or does not let this user in.
pub fn readers(choice: &ReaderChoice) -> Result<(Vec<String>, usize), String> {
    let said = |error: Error| error.to_string();
    let context = Context::establish(Scope::User).map_err(said)?;
    let names = match context.list_readers_owned() {
        Ok(names) => names,
        Err(Error::NoReadersAvailable) => Vec::new(),
        Err(error) => return Err(said(error)),
    };
    let names = names.iter().map(|name| name.to_string_lossy().into_owned());
    let (used, others): (Vec<String>, Vec<String>) = names.partition(|name| choice.admits(name));
    Ok((used, others.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_found_where_udev_would_read_it() {
        let home = tempfile::tempdir().expect("a folder");
        let (etc, lib) = (home.path().join("etc"), home.path().join("lib"));
        for folder in [&etc, &lib] {
            std::fs::create_dir(folder).expect("a folder");
        }
        let places = [etc.as_path(), lib.as_path()];
        assert_eq!(rule_in(&places), None);
        std::fs::write(lib.join(RULE), "rule").expect("written");
        assert_eq!(rule_in(&places), Some(lib.join(RULE)));
        std::os::unix::fs::symlink("/dev/null", etc.join(RULE)).expect("a link");
        assert_eq!(rule_in(&places), None, "it is switched off");
    }
}
