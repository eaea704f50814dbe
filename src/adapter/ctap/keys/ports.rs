//! Where readers are plugged in. Asking costs a connection, and the service lets it wait for as long as another program keeps
//! the card to itself: so each question has a thread of its own, and nobody waits long for the answer. Touches no card.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pcsc::{Attribute, Context, Disposition, Error, Protocols, Scope, ShareMode};

use super::sighting::{Port, UsbAddress};

/// How long the other readers may wait for the answer of one.
const ANSWER_MILLIS: u64 = 300;
/// High word of SCARD_ATTR_CHANNEL_ID when the reader is a USB device.
const CHANNEL_USB: u32 = 0x0020;

/// What is known, and what is being asked.
#[derive(Default)]
pub(super) struct Ports {
    known: HashMap<CString, Port>,
    asked: HashMap<CString, Receiver<Result<Port, Error>>>,
}

impl Ports {
    /// Where this reader is plugged in, as far as it is told by now.
    pub(super) fn of(&mut self, reader: &CStr) -> Port {
        if let Some(port) = self.known.get(reader) {
            return *port;
        }
        let (answer, patience) = match self.asked.remove(reader) {
            Some(answer) => (answer, Duration::ZERO),
            None => match ask(reader) {
                Ok(answer) => (answer, Duration::from_millis(ANSWER_MILLIS)),
                Err(error) => {
                    tracing::warn!(%error, "no thread to ask a reader where it is");
                    return Port::Untold;
                }
            },
        };
        let port = match answer.recv_timeout(patience) {
            Ok(Ok(port)) => port,
            // Asked again the next time.
            Ok(Err(Error::SharingViolation)) => return Port::Untold,
            // Many drivers do not know the attribute.
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Port::Elsewhere,
            Err(RecvTimeoutError::Timeout) => {
                self.asked.insert(reader.to_owned(), answer);
                return Port::Untold;
            }
        };
        self.known.insert(reader.to_owned(), port);
        port
    }

    /// This reader went away: under its name another one may come.
    pub(super) fn forget(&mut self, reader: &CStr) {
        self.known.remove(reader);
        self.asked.remove(reader);
    }

    /// Keeps what belongs to these readers alone.
    pub(super) fn retain(&mut self, readers: &[CString]) {
        self.known.retain(|reader, _| readers.contains(reader));
        self.asked.retain(|reader, _| readers.contains(reader));
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.asked.clear();
    }
}

fn ask(reader: &CStr) -> std::io::Result<Receiver<Result<Port, Error>>> {
    let (sender, answer) = channel();
    let reader = reader.to_owned();
    thread::Builder::new()
        .name("keys-port".to_owned())
        .spawn(move || {
            // Nobody may want to know any more.
            let _ = sender.send(port_of(&reader));
        })?;
    Ok(answer)
}

/// SCARD_ATTR_CHANNEL_ID, over a connection of its own: one that waits keeps its context.
fn port_of(reader: &CStr) -> Result<Port, Error> {
    let context = Context::establish(Scope::User)?;
    let card = context.connect(reader, ShareMode::Direct, Protocols::UNDEFINED)?;
    let mut buffer = [0; 8];
    let port = card
        .get_attribute(Attribute::ChannelId, &mut buffer)
        .map(port_of_channel);
    if let Err((card, _)) = card.disconnect(Disposition::LeaveCard) {
        drop(card);
    }
    Ok(port.unwrap_or(Port::Elsewhere))
}

/// DDDDCCCC: the kind of channel, then for USB the bus and the device.
fn port_of_channel(attribute: &[u8]) -> Port {
    let Some(attribute) = attribute.first_chunk() else {
        return Port::Elsewhere;
    };
    let channel = u32::from_ne_bytes(*attribute);
    let [_, _, bus, device] = channel.to_be_bytes();
    if channel >> 16 == CHANNEL_USB {
        Port::Usb(UsbAddress { bus, device })
    } else {
        Port::Elsewhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channel_of_a_usb_reader_names_bus_and_device() {
        assert_eq!(
            port_of_channel(&0x0020_032A_u32.to_ne_bytes()),
            Port::Usb(UsbAddress { bus: 3, device: 42 })
        );
        assert_eq!(
            port_of_channel(&0x0001_0001_u32.to_ne_bytes()),
            Port::Elsewhere
        );
        assert_eq!(port_of_channel(&[0x20]), Port::Elsewhere);
    }
}
