//! Serves the pages, on a thread of its own: however many windows are open, the station's own loop never waits for one.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use tokio::runtime::Builder;

use super::{Shared, routes};

/// A browser that says nothing for so long says nothing at all.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Windows that watch the bench are not waited for longer when the station ends.
const FAREWELL: Duration = Duration::from_millis(300);
/// Threads for what blocks: the accounts, the ledger.
const BLOCKING_THREADS_MAX: usize = 16;

/// Serves until it is dropped.
#[must_use = "the console ends when this is dropped"]
pub struct Server {
    handle: Handle<std::net::SocketAddr>,
    thread: Option<JoinHandle<()>>,
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
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("console")
        .build()?;
    let (handle, router) = (Handle::new(), routes::router(shared));
    let served = handle.clone();
    let thread = thread::Builder::new()
        .name("console".to_owned())
        .spawn(move || {
            if let Err(error) = runtime.block_on(attend(listener, tls, router, served)) {
                tracing::error!(%error, "the console ended");
            }
            // Whatever still blocks must not keep the station.
            runtime.shutdown_background();
        })?;
    Ok(Server {
        handle,
        thread: Some(thread),
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handle.graceful_shutdown(Some(FAREWELL));
        if let Some(thread) = self.thread.take() {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

async fn attend(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    handle: Handle<std::net::SocketAddr>,
) -> io::Result<()> {
    let service = router.into_make_service();
    match tls {
        Some(config) => {
            let config = RustlsConfig::from_config(config);
            let mut server = axum_server::from_tcp_rustls(listener, config)?.handle(handle);
            server
                .http_builder()
                .http1()
                .header_read_timeout(HEADERS_WITHIN);
            server
                .first_request_timeout(HEADERS_WITHIN)
                .serve(service)
                .await
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle);
            server
                .http_builder()
                .http1()
                .header_read_timeout(HEADERS_WITHIN);
            server
                .first_request_timeout(HEADERS_WITHIN)
                .serve(service)
                .await
        }
    }
}
