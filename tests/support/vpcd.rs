//! A simulated key lying on a virtual reader: the card's side of the vpcd protocol (vsmartcard), over TCP.
//!
//! Frames are a big-endian u16 length and as many bytes. A frame of one byte is an order to the card: 0 power off, 1 power on,
//! 2 reset, 4 tell your ATR; only the last has an answer. Every other frame is a command APDU.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use keyline::practice::authenticator::{ATR, Card, SimulatedKey};
use rustix::net::sockopt::{set_tcp_nodelay, set_tcp_quickack};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A key as it is put down.
pub(crate) struct Laid {
    pub(crate) key: SimulatedKey,
    /// So many times it slips when it is given power, and lies well again before the reader looks. A reader that sees no
    /// absence goes on to call such a card mute.
    pub(crate) slips: usize,
}

impl From<SimulatedKey> for Laid {
    fn from(key: SimulatedKey) -> Self {
        Self { key, slips: 0 }
    }
}

/// A card on a reader. Dropping it lifts it off.
pub(crate) struct VirtualCard {
    key: SimulatedKey,
    /// The way to the reader; `None` once the card is lifted.
    way: Arc<Mutex<Option<TcpStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl VirtualCard {
    /// Lays a key on the reader that listens on `port` in `network`.
    pub(crate) fn lay(network: File, port: u16, laid: Laid) -> io::Result<Self> {
        let (sender, connected) = mpsc::channel();
        let card = Card::new(laid.key.clone());
        let way = Arc::new(Mutex::new(None));
        let mut reach = Reach {
            port,
            way: Arc::clone(&way),
            slips: laid.slips,
        };
        let thread = std::thread::spawn(move || match reach.enter(&network) {
            Ok(stream) => {
                sender.send(Ok(())).unwrap();
                reach.serve(stream, card);
            }
            Err(error) => sender.send(Err(error)).unwrap(),
        });
        connected.recv().map_err(io::Error::other)??;
        Ok(Self {
            key: laid.key,
            way,
            thread: Some(thread),
        })
    }
}

impl Drop for VirtualCard {
    fn drop(&mut self) {
        // A reader that still has a card leaves the next one waiting at the door, so this one goes for certain: neither a
        // read nor a wait for a touch holds it.
        self.key.unplug();
        if let Some(way) = self.way.lock().unwrap().take() {
            let _ = way.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The card's end of the way to the reader.
struct Reach {
    port: u16,
    way: Arc<Mutex<Option<TcpStream>>>,
    slips: usize,
}

impl Reach {
    /// Connects from inside the reader's network. Only this thread moves there.
    fn enter(&self, network: &File) -> io::Result<TcpStream> {
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
        let (ours, theirs) = connect(self.port)?;
        *self.way.lock().unwrap() = Some(theirs);
        Ok(ours)
    }

    /// Loses the way to the reader and takes a new one, which waits at the door before the reader knows of it. `None` when
    /// the card was lifted meanwhile.
    fn slip(&mut self) -> Option<TcpStream> {
        self.slips = self.slips.saturating_sub(1);
        let mut way = self.way.lock().unwrap();
        let before = way.take()?;
        let (ours, theirs) = connect(self.port).ok()?;
        *way = Some(theirs);
        let _ = before.shutdown(Shutdown::Both);
        Some(ours)
    }

    /// Until the reader hangs up or the key is gone.
    fn serve(&mut self, mut stream: TcpStream, mut card: Card) {
        while let Ok(frame) = receive(&mut stream) {
            let answer = match frame.as_slice() {
                [0] => {
                    card.power_off();
                    None
                }
                [1] if self.slips > 0 => {
                    let Some(anew) = self.slip() else { break };
                    stream = anew;
                    None
                }
                [1] => card.power_on().err().map(|_| Vec::new()),
                [2] => card.reset().err().map(|_| Vec::new()),
                [4] => Some(ATR.to_vec()),
                apdu => Some(card.transmit(apdu).unwrap_or_default()),
            };
            match answer {
                // The key was pulled: the reader shall see no card, not a mute one.
                Some(answer) if answer.is_empty() => break,
                Some(answer) if send(&mut stream, &answer).is_err() => break,
                Some(_) | None => {}
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// The same way twice: for who serves, and for who ends it.
fn connect(port: u16) -> io::Result<(TcpStream, TcpStream)> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    set_tcp_nodelay(&stream, true)?;
    Ok((stream.try_clone()?, stream))
}

fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    read_exact(stream, &mut length)?;
    let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
    read_exact(stream, &mut frame)?;
    Ok(frame)
}

/// The reader sends length and body apart and waits for the acknowledgement of the first, which Linux delays by 40 ms
/// unless asked not to; and it forgets that it was asked.
fn read_exact(stream: &mut TcpStream, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        set_tcp_quickack(&*stream, true)?;
        let read = stream.read(buffer)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[read..];
    }
    Ok(())
}

fn send(stream: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(answer);
    stream.write_all(&frame)
}
