//! Connections that can be cut from within a request, so that the client sees what it sees when a network fails: no
//! answer, and no way to tell how far its request came.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};

/// The cutting end, held by the request.
#[derive(Clone)]
pub(super) struct Scissors(Arc<Mischief>);

/// What is to happen to a connection.
#[derive(Default)]
struct Mischief {
    cut: AtomicBool,
    /// Milliseconds between the first half of what is written next and the second; 0 for none.
    stall: AtomicU64,
}

impl Scissors {
    /// For a connection that cannot be cut.
    pub(super) fn blunt() -> Self {
        Self(Arc::default())
    }

    /// From now on nothing more is written to this connection.
    pub(super) fn cut(&self) {
        self.0.cut.store(true, Ordering::SeqCst);
    }

    /// Of what is written next the second half comes so much later than the first.
    pub(super) fn stall(&self, millis: u64) {
        self.0.stall.store(millis, Ordering::SeqCst);
    }
}

/// A loopback listener whose connections can be cut.
pub(super) struct Lines(pub(super) TcpListener);

/// One connection.
pub(super) struct Line {
    stream: TcpStream,
    mischief: Arc<Mischief>,
    /// Until it is over nothing is written.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Answers are small and waited for.
        let _ = stream.set_nodelay(true);
        let line = Line {
            stream,
            mischief: Arc::default(),
            pause: None,
        };
        (line, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Scissors {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        Self(stream.io().mischief.clone())
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.mischief.cut.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let millis = self.mischief.stall.load(Ordering::SeqCst);
        if millis == 0 {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        let half = bytes.get(..bytes.len().div_ceil(2)).unwrap_or(bytes);
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, half));
        self.mischief.stall.store(0, Ordering::SeqCst);
        self.pause = Some(Box::pin(sleep(Duration::from_millis(millis))));
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
