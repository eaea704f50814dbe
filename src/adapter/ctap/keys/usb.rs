//! FIDO HID interfaces as the system lists them, and where each is plugged in, read from sysfs. Opens no key.

use std::fs;
use std::path::Path;

use ctap_hid_fido2::{HidParam, get_fidokey_devices};
use hidapi::HidApi;

use crate::domain::fault::Fault;
use crate::port::Place;

use super::hotplug;
use super::sighting::{HidKey, UsbAddress};

const SYSFS_HIDRAW: &str = "/sys/class/hidraw";

/// All HID interfaces with the usage page F1D0 whose nodes udev has finished with.
///
/// # Errors
/// [`Fault::Transport`] when hidapi cannot start.
pub(super) fn fido_devices() -> Result<Vec<HidKey>, Fault> {
    // The discovery below panics where hidapi does not start, so that is tried first.
    HidApi::new().map_err(|error| Fault::Transport {
        what: format!("hidapi cannot start: {error}"),
    })?;
    let mut keys = Vec::new();
    for device in get_fidokey_devices() {
        let HidParam::Path(node) = device.param else {
            continue;
        };
        let name = Path::new(&node).file_name().unwrap_or_default();
        if !hotplug::is_settled(&name.to_string_lossy()) {
            continue;
        }
        let Location {
            place,
            usb,
            instance,
        } = locate(Path::new(SYSFS_HIDRAW), Path::new(&node));
        keys.push(HidKey {
            place,
            node: node.into(),
            instance,
            vendor_id: device.vid,
            product: device.product_string,
            usb,
        });
    }
    Ok(keys)
}

/// Where a node is.
#[derive(Debug, PartialEq, Eq)]
struct Location {
    place: Place,
    usb: Option<UsbAddress>,
    instance: String,
}

/// The port chain of the USB device that `node` belongs to, and its address. A device that hangs on no USB port is placed by
/// what its driver says (HID_PHYS, then HID_UNIQ), at last by its node.
fn locate(sysfs: &Path, node: &Path) -> Location {
    let name = node.file_name().unwrap_or_default();
    let link = sysfs.join(name).join("device");
    let device = fs::canonicalize(&link).unwrap_or_default();
    let instance = device.file_name().unwrap_or_default();
    let instance = instance.to_string_lossy().into_owned();
    let usb = device.ancestors().find(|level| {
        level
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(is_port_chain)
    });
    if let Some(usb) = usb {
        let chain = usb.file_name().unwrap_or_default().to_string_lossy();
        return Location {
            place: Place(format!("usb:{chain}")),
            usb: address(usb),
            instance,
        };
    }
    let uevent = fs::read_to_string(link.join("uevent")).unwrap_or_default();
    let said = |key: &str| {
        uevent
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .filter(|value| !value.is_empty())
    };
    let place = said("HID_PHYS=").or_else(|| said("HID_UNIQ="));
    Location {
        place: Place(format!(
            "hid:{}",
            place.map_or(name.to_string_lossy(), Into::into)
        )),
        usb: None,
        instance,
    }
}

/// Whether a directory of sysfs is a USB device: bus, ports (`1-2.3`), and no interface behind a colon.
fn is_port_chain(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.split_once('-')
        .is_some_and(|(bus, ports)| number(bus) && ports.split('.').all(number))
}

fn address(device: &Path) -> Option<UsbAddress> {
    let number = |file: &str| {
        fs::read_to_string(device.join(file))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    Some(UsbAddress {
        bus: number("busnum")?,
        device: number("devnum")?,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    /// A hidraw node in a sysfs of our own, its HID device at `device`.
    fn sysfs(device: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let device = root.path().join(device);
        fs::create_dir_all(&device).unwrap();
        for (file, text) in files {
            fs::write(root.path().join(file), text).unwrap();
        }
        let class = root.path().join("class/hidraw");
        fs::create_dir_all(class.join("hidraw3")).unwrap();
        symlink(&device, class.join("hidraw3/device")).unwrap();
        (root, class)
    }

    #[test]
    fn a_key_behind_a_hub_is_placed_by_its_ports() {
        let (_root, class) = sysfs(
            "devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2.3/1-2.3:1.1/0003:1050:0407.0007",
            &[
                (
                    "devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2.3/busnum",
                    "1\n",
                ),
                (
                    "devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2.3/devnum",
                    "42\n",
                ),
                ("devices/pci0000:00/0000:00:14.0/usb1/1-2/devnum", "5\n"),
            ],
        );
        assert_eq!(
            locate(&class, Path::new("/dev/hidraw3")),
            Location {
                place: Place("usb:1-2.3".to_owned()),
                usb: Some(UsbAddress { bus: 1, device: 42 }),
                instance: "0003:1050:0407.0007".to_owned(),
            }
        );
    }

    #[test]
    fn a_key_on_no_usb_port_is_placed_by_its_driver() {
        let device = "devices/virtual/misc/uhid/0003:1050:0407.0001";
        let uevent = format!("{device}/uevent");
        let (_root, class) = sysfs(
            device,
            &[(&uevent, "HID_NAME=a key\nHID_PHYS=bench/1\nHID_UNIQ=\n")],
        );
        assert_eq!(
            locate(&class, Path::new("/dev/hidraw3")),
            Location {
                place: Place("hid:bench/1".to_owned()),
                usb: None,
                instance: "0003:1050:0407.0001".to_owned(),
            }
        );
        let (_root, class) = sysfs(device, &[(&uevent, "HID_PHYS=\nHID_UNIQ=77\n")]);
        assert_eq!(
            locate(&class, Path::new("/dev/hidraw3")).place,
            Place("hid:77".to_owned())
        );
        let (_root, class) = sysfs(device, &[]);
        assert_eq!(
            locate(&class, Path::new("/dev/hidraw3")).place,
            Place("hid:hidraw3".to_owned())
        );
    }
}
