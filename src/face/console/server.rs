//! Serves the pages, on a thread of its own: however many windows are open, the station's own loop never waits for one.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server as Serving};
use rustls::ServerConfig;
use tokio::runtime::Builder;

use super::door::{Door, Patience};
use super::{Shared, routes};
use crate::app::board::{Board, News};
use crate::face::say;

/// Bytes of a request before its body, however it is cut into headers; the last piece that is read may go beyond.
const HEADERS_BYTES_MAX: usize = 32 * 1024;
/// Windows that watch the bench are not waited for longer when the station ends.
const FAREWELL: Duration = Duration::from_millis(300);
/// Nor is the console itself, whatever it hangs in.
const END_WITHIN: Duration = Duration::from_secs(1);
/// Threads for what blocks: the accounts, the ledger. More than [`super::Gate`] has places for, so that the guard always has one.
const BLOCKING_THREADS_MAX: usize = 16;

/// Serves until it is dropped.
#[must_use = "the console ends when this is dropped"]
pub struct Server {
    handle: Handle<SocketAddr>,
    thread: Option<JoinHandle<()>>,
    /// Hangs up when the thread is done.
    done: Receiver<()>,
}

/// Serves the console at `listener`, under TLS where there is a certificate.
///
/// # Errors
/// When the system has no thread for it, or the listener cannot be used.
pub fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    shared: &Arc<Shared>,
) -> io::Result<Server> {
    serve_with(listener, tls, shared, Patience::default())
}

/// As [`serve`], with as much patience as is said.
///
/// # Errors
/// Those of [`serve`].
pub fn serve_with(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    shared: &Arc<Shared>,
    patience: Patience,
) -> io::Result<Server> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("console")
        .build()?;
    let (handle, router) = (Handle::new(), routes::router(shared, patience));
    let (served, board) = (handle.clone(), Arc::clone(&shared.board));
    let (ending, done) = channel();
    let thread = thread::Builder::new()
        .name("console".to_owned())
        .spawn(move || {
            let serving = attend(listener, tls, router, (served, patience));
            watch(&board, || runtime.block_on(serving));
            // Whatever still blocks must not keep the station.
            runtime.shutdown_background();
            drop(ending);
        })?;
    Ok(Server {
        handle,
        thread: Some(thread),
        done,
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.graceful_shutdown(Some(FAREWELL));
        let is_done = self.done.recv_timeout(END_WITHIN) == Err(RecvTimeoutError::Disconnected);
        if let Some(thread) = self.thread.take().filter(|_| is_done) {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

/// Whoever works at the station hears of it when its console ends before the station does.
fn watch(board: &Board, serve: impl FnOnce() -> io::Result<()>) {
    let why = match catch_unwind(AssertUnwindSafe(serve)) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        // The panic itself was reported where it happened.
        Err(_) => "something in it is wrong".to_owned(),
    };
    tracing::error!(why, "the console ended");
    let what = say::service::console_ended(&why);
    board.announce(News::Trouble { what });
}

async fn attend(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    (handle, patience): (Handle<SocketAddr>, Patience),
) -> io::Result<()> {
    let (service, door) = (router.into_make_service(), Door::new(patience));
    let server = axum_server::from_tcp(listener)?.handle(handle);
    match tls {
        Some(config) => {
            let config = RustlsConfig::from_config(config);
            let tls = RustlsAcceptor::new(config)
                .handshake_timeout(patience.headers)
                .acceptor(door);
            limited(server.acceptor(tls), patience).serve(service).await
        }
        None => {
            limited(server.acceptor(door), patience)
                .serve(service)
                .await
        }
    }
}

/// HTTP/1.1 alone: of its connections each holds one request, so that they can be counted.
fn limited<A>(server: Serving<SocketAddr, A>, patience: Patience) -> Serving<SocketAddr, A> {
    let mut server = server.http1_only();
    server
        .http_builder()
        .http1()
        .header_read_timeout(patience.headers)
        .max_buf_size(HEADERS_BYTES_MAX);
    server.first_request_timeout(patience.headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(serve: impl FnOnce() -> io::Result<()>) -> Vec<News> {
        let board = Board::default();
        watch(&board, serve);
        board.take_news()
    }

    #[test]
    fn a_console_that_ends_by_itself_is_told_at_the_station() {
        assert_eq!(told(|| Ok(())), Vec::new());
        let broke = [
            told(|| Err(io::Error::other("no more files"))),
            told(|| panic!("a page went wrong")),
        ];
        for (news, why) in broke.iter().zip(["no more files", "something in it"]) {
            let [News::Trouble { what }] = news.as_slice() else {
                panic!("{news:?}");
            };
            assert!(what.contains(why) && what.contains("goes on"), "{what}");
        }
    }
}
