//! A running server: bound, answering, and stopped so that nothing under way is cut off.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::clock::now_ms;
use crate::config::{Home, Listen};
use crate::ledger::sweep_photos;
use crate::live::Live;
use crate::maps::Maps;
use crate::metrics::Metrics;
use crate::photos::Photos;
use crate::routes::{App, Room, router};
use crate::store::{Db, Store};

/// Database connections: readers beside the one writer.
const CONNECTIONS: usize = 8;
/// A request's head must have come by then.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long what is under way may take once the server is told to stop.
const STOPPING: Duration = Duration::from_secs(10);

/// A server that answers until it is stopped.
#[derive(Debug)]
pub struct Running {
    pub address: SocketAddr,
    pub url: String,
    handle: Handle<SocketAddr>,
    live: Live,
    task: JoinHandle<std::io::Result<()>>,
}

/// Opens the store and begins to answer.
pub async fn start(data: &Home, listen: &Listen) -> Result<Running> {
    let tls = listen.tls()?;
    let app = open(data, tls.is_some()).await?;
    let listener = std::net::TcpListener::bind(listen.bind).context("Binding the address")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let live = app.live.clone();
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let task = match tls {
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
            tokio::spawn(server.serve(service))
        }
        Some(files) => {
            let mut server =
                axum_server::from_tcp_rustls(listener, rustls(files).await?)?.handle(handle.clone());
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
            tokio::spawn(server.serve(service))
        }
    };
    let scheme = if listen.tls_cert.is_some() { "https" } else { "http" };
    Ok(Running { address, url: format!("{scheme}://{address}"), handle, live, task })
}

impl Running {
    /// Takes no more, finishes what is under way, and returns when all is down.
    pub async fn stop(self) -> Result<()> {
        self.live.close();
        self.handle.graceful_shutdown(Some(STOPPING));
        self.task.await?.context("Serving")
    }

    /// Serves until `stopped` is over, or the server ends by itself.
    pub async fn until(mut self, stopped: impl Future<Output = Result<()>>) -> Result<()> {
        tokio::select! {
            ended = &mut self.task => return ended?.context("Serving"),
            stopped = stopped => stopped?,
        }
        self.stop().await
    }
}

async fn open(data: &Home, tls: bool) -> Result<App> {
    let (place, photos) = (data.place()?, data.photos()?);
    let db = tokio::task::spawn_blocking(move || Db::open(place, CONNECTIONS)).await??;
    let ledger = data.ledger();
    let (agreed, swept) = (ledger.clone(), Photos::open(&photos)?);
    db.run(move |store: &mut Store| {
        store.establish(now_ms())?;
        agreed.agree(store)?;
        sweep_photos(store, &swept)
    })
    .await?;
    let metrics = Arc::new(Metrics::default());
    Ok(App {
        live: Live::start(db.clone()),
        db,
        photos: Photos::open(&photos)?,
        maps: Maps::at(&data.maps()?),
        scratch: data.scratch()?,
        ledger,
        metrics,
        counted: Arc::default(),
        room: Room::default(),
        tls,
        hashing: Arc::new(Semaphore::new(2)),
        bringing: Arc::new(Semaphore::new(2)),
        packing: Arc::new(Semaphore::new(2)),
    })
}

async fn rustls((certificate, key): (PathBuf, PathBuf)) -> Result<RustlsConfig> {
    // A second installation finds the first, which is the same.
    rustls::crypto::ring::default_provider().install_default().ok();
    let config = RustlsConfig::from_pem_file(certificate, key).await;
    config.context("Reading the certificate and its key")
}
