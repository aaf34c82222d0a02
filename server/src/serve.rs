//! `sectio serve`: sockets, connections, requests.

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore, time};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, timeout::TimeoutLayer,
};
use tracing::{debug, info, warn};

use crate::site::Site;

/// A client has this long to send the head of a request, and an idle connection lives this long.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// A request that takes longer is answered with 408.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// No connection lives longer, so a reader that never reads holds nothing for ever.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Open connections at a time; more wait in the system's queue.
const CONNECTION_LIMIT: usize = 1024;
/// No route takes a larger body [byte].
const BODY_LIMIT: usize = 64 * 1024;
/// On stopping, answers under way get this long.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Serve `site` until SIGTERM or Ctrl-C.
///
/// # Errors
/// The system gives no signals, or a socket without an address.
pub async fn run(listener: TcpListener, site: Site) -> anyhow::Result<()> {
    let address = listener.local_addr().context("reading the address of the socket")?;
    let stop = stop_signal().context("listening for signals")?;
    let site = Arc::new(site);
    info!(%address, cases = site.case_count(), version = env!("CARGO_PKG_VERSION"), "ready");
    // The one line on standard output: what a script or a person waits for.
    println!("Sectio is ready: http://{address}/");
    let compressing = Arc::clone(&site);
    std::thread::spawn(move || compressing.compress_further());
    accept(listener, router(site), stop).await;
    info!("stopped");
    Ok(())
}

/// Open a socket; port 0 takes a free one.
///
/// # Errors
/// The port is taken or not allowed, or the host is none of this machine's: one line with the remedy.
pub async fn listen(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((host, port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {port} on {host} is taken: stop the program that uses it, or choose another with --port"
        ),
        ErrorKind::PermissionDenied => anyhow::anyhow!(
            "port {port} on {host} is not allowed for this user: choose one above 1023 with --port"
        ),
        _ => anyhow::anyhow!("cannot listen on {host} port {port}: {error}; choose another with --host"),
    })
}

/// Completes when the program is asked to stop.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        let interrupt = async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        #[cfg(unix)]
        tokio::select! { () = interrupt => (), _ = terminate.recv() => () }
        #[cfg(not(unix))]
        interrupt.await;
    })
}

async fn accept(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let slots = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    let draining = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await.expect("never closed");
            (slot, listener.accept().await)
        };
        let (slot, stream) = tokio::select! {
            () = &mut stop => break,
            (slot, accepted) = next => match accepted {
                Ok((stream, _)) => (slot, stream),
                Err(error) => {
                    // Out of file descriptors, or a client that left: either passes.
                    warn!(%error, "could not accept a connection");
                    time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = draining.watch(connection);
        tokio::spawn(async move {
            match time::timeout(CONNECTION_LIFETIME, connection).await {
                Ok(Ok(())) => (),
                Ok(Err(error)) => debug!(%error, "connection ended"),
                Err(_) => debug!("connection closed at the end of its lifetime"),
            }
            drop(slot);
        });
    }
    drop(listener);
    info!("stopping: finishing the answers under way");
    if time::timeout(DRAIN_TIMEOUT, draining.shutdown()).await.is_err() {
        warn!("some answers were cut off");
    }
}

/// All routes; every answer passes [`frame`].
fn router(site: Arc<Site>) -> Router {
    let routes = Router::new()
        .route("/healthz", get(health))
        .fallback_service(get(asset).with_state(Arc::clone(&site)))
        .with_state(Arc::clone(&site));
    layered(routes, site)
}

fn layered(routes: Router, site: Arc<Site>) -> Router {
    routes
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(site, frame))
}

async fn health(State(site): State<Arc<Site>>) -> Response {
    let body = serde_json::json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "cases": site.case_count(),
    });
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.to_string()).into_response()
}

async fn asset(State(site): State<Arc<Site>>, request: Request) -> Response {
    site.respond(request.uri().path(), request.headers())
}

/// What surrounds every request: an id, the security headers, one line in the log. The log holds no address, no query
/// and no header of the client: nothing that tells who asked.
async fn frame(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let id = request_id();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    site.policy().apply(response.headers_mut());
    response.headers_mut().insert(REQUEST_ID, HeaderValue::try_from(&id).expect("hexadecimal"));
    let status = response.status().as_u16();
    let ms = begin.elapsed().as_secs_f32() * 1e3;
    if path == "/healthz" {
        debug!(id, %method, path, status, ms, "request");
    } else {
        info!(id, %method, path, status, ms, "request");
    }
    response
}

/// Unique within and, but for a restart in the same microsecond, between runs of the program.
fn request_id() -> String {
    static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let start = START.get_or_init(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
    });
    format!("{start:x}-{:x}", COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;
    use crate::{bundle::Bundle, catalogue::Catalogue};

    fn panicking() -> Response {
        panic!("a fault in a handler")
    }

    #[tokio::test]
    async fn a_panic_stays_in_its_request() {
        let site = Arc::new(Site::new(Bundle::new(), Catalogue::new(&[], &Bundle::new()).unwrap()));
        let routes = Router::new().route("/panic", get(async || panicking()));
        let router = layered(routes, site);
        for _ in 0..2 {
            let request = Request::get("/panic").body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(answer.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        }
    }

    #[test]
    fn request_ids_differ() {
        assert_ne!(request_id(), request_id());
    }
}
