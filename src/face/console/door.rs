//! The way in for connections: how many there are at a time, of one computer and of all, and how long one may keep an answer
//! waiting to be taken. It never looks at what is said over one.

use std::collections::BTreeMap;
use std::future::{Future as _, Ready, ready};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How patient the console is with whoever calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// A request has to be there within so long, also the next one of a connection.
    pub headers: Duration,
    /// An ordinary form has to be there within so long after them.
    pub body: Duration,
    /// An answer that waits to be taken is given up after so long without a byte taken.
    pub answer: Duration,
    /// Connections at a time.
    pub connections: usize,
    /// Connections of one computer at a time. This very computer has all of them.
    pub connections_of_one: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            connections: 256,
            connections_of_one: 64,
        }
    }
}

type Counts = BTreeMap<IpAddr, usize>;

/// Lets connections in.
#[derive(Clone)]
pub(super) struct Door {
    patience: Patience,
    inside: Arc<Mutex<Counts>>,
}

impl Door {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            inside: Arc::default(),
        }
    }

    /// A place for a connection from there, if there is one left.
    fn place(&self, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        let most = if peer.is_loopback() {
            self.patience.connections
        } else {
            self.patience.connections_of_one
        };
        let mut inside = counts(&self.inside);
        let all: usize = inside.values().sum();
        let of_peer = inside.get(&peer).copied().unwrap_or(0);
        if all >= self.patience.connections || of_peer >= most {
            return None;
        }
        inside.insert(peer, of_peer.saturating_add(1));
        let inside = Arc::clone(&self.inside);
        Some(Place { peer, inside })
    }

    fn enter(&self, stream: TcpStream) -> io::Result<Connection> {
        let place = self.place(stream.peer_addr()?.ip());
        let place = place.ok_or_else(|| io::Error::other("too many connections"))?;
        Ok(Connection {
            stream,
            stuck: None,
            patience: self.patience.answer,
            _place: place,
        })
    }
}

impl<S> Accept<TcpStream, S> for Door {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<io::Result<(Connection, S)>>;

    /// One too many is closed at once: waiting, it would hold a file as well.
    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.enter(stream).map(|connection| (connection, service)))
    }
}

fn counts(inside: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection's place, until it is dropped.
struct Place {
    peer: IpAddr,
    inside: Arc<Mutex<Counts>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = counts(&self.inside);
        let left = inside.get(&self.peer).map_or(0, |of| of.saturating_sub(1));
        if left == 0 {
            inside.remove(&self.peer);
        } else {
            inside.insert(self.peer, left);
        }
    }
}

/// A connection that has a place, and is given up when nobody takes what it is told.
pub(super) struct Connection {
    stream: TcpStream,
    /// Runs while nothing can be written.
    stuck: Option<Pin<Box<Sleep>>>,
    patience: Duration,
    _place: Place,
}

impl Connection {
    fn written(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if polled.is_ready() {
            self.stuck = None;
            return polled;
        }
        let patience = self.patience;
        let stuck = self
            .stuck
            .get_or_insert_with(|| Box::pin(sleep(patience)))
            .as_mut();
        match stuck.poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn door() -> Door {
        Door::new(Patience {
            answer: Duration::from_millis(50),
            connections: 3,
            connections_of_one: 2,
            ..Patience::default()
        })
    }

    #[test]
    fn one_computer_has_some_of_the_places_and_this_one_all() {
        let (door, there) = (door(), IpAddr::from([192, 0, 2, 1]));
        let held: Vec<Place> = (0..2).filter_map(|_| door.place(there)).collect();
        assert_eq!(held.len(), 2);
        assert!(door.place(there).is_none());
        let other = door.place(IpAddr::from([192, 0, 2, 2]));
        assert!(other.is_some());
        assert!(door.place(IpAddr::from([192, 0, 2, 3])).is_none(), "full");
        drop((held, other));
        let here = IpAddr::from([127, 0, 0, 1]);
        let held: Vec<Place> = (0..4).filter_map(|_| door.place(here)).collect();
        assert_eq!(held.len(), 3);
        drop(held);
        assert!(counts(&door.inside).is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut taker = TcpStream::connect(address).await.expect("a way");
        let (accepted, _) = listener.accept().await.expect("a caller");
        let mut connection = door().enter(accepted).expect("a place");
        let block = vec![7; 64 * 1024];
        // As long as somebody takes it, all goes well.
        connection.write_all(&block).await.expect("taken");
        taker
            .read_exact(&mut vec![0; block.len()])
            .await
            .expect("taken");
        let given_up = loop {
            if let Err(error) = connection.write_all(&block).await {
                break error;
            }
        };
        assert_eq!(given_up.kind(), io::ErrorKind::TimedOut);
    }
}
