//! A simulated key lying on a virtual reader: the card's side of the vpcd protocol (vsmartcard), over TCP.
//!
//! Frames are a big-endian u16 length and as many bytes. A frame of one byte is an order to the card: 0 power off, 1 power on,
//! 2 reset, 4 tell your ATR; only the last has an answer. Every other frame is a command APDU.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread::JoinHandle;

use keyline::practice::authenticator::{ATR, Card, SimulatedKey};
use rustix::net::sockopt::{set_tcp_nodelay, set_tcp_quickack};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A card on a reader. Dropping it lifts it off.
pub(crate) struct VirtualCard {
    key: SimulatedKey,
    stream: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl VirtualCard {
    /// Lays `key` on the reader that listens on `port` in `network`.
    pub(crate) fn lay(network: File, port: u16, key: SimulatedKey) -> io::Result<Self> {
        let (sender, connected) = mpsc::channel();
        let card = Card::new(key.clone());
        let thread = std::thread::spawn(move || match connect(&network, port) {
            Ok((stream, ours)) => {
                sender.send(Ok(stream)).unwrap();
                serve(ours, card);
            }
            Err(error) => sender.send(Err(error)).unwrap(),
        });
        let stream = connected.recv().map_err(io::Error::other)??;
        Ok(Self {
            key,
            stream,
            thread: Some(thread),
        })
    }
}

impl Drop for VirtualCard {
    fn drop(&mut self) {
        // A reader that still has a card leaves the next one waiting at the door, so this one goes for certain: neither a
        // read nor a wait for a touch holds it.
        self.key.unplug();
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Connects from inside the reader's network. Only this thread moves there.
fn connect(network: &File, port: u16) -> io::Result<(TcpStream, TcpStream)> {
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?;
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    set_tcp_nodelay(&stream, true)?;
    Ok((stream.try_clone()?, stream))
}

/// Until the reader hangs up or the key is gone.
fn serve(mut stream: TcpStream, mut card: Card) {
    while let Ok(frame) = receive(&mut stream) {
        let answer = match frame.as_slice() {
            [0] => {
                card.power_off();
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
    let _ = stream.shutdown(std::net::Shutdown::Both);
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
