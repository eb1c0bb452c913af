//! How are connections taken, and how do they end? A client that is slow to say what it wants is
//! hung up on, and none keeps the server from stopping.

use std::{net::IpAddr, pin::pin, time::Duration};

use axum::{Router, http::Request, serve::Listener};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::guessing::Peer;

/// How long a client may take over the head of a request, from where the last answer ended.
const HEAD: Duration = Duration::from_secs(10);

/// Serves until `stop` comes true. What was begun by then is answered, for as long as the grace
/// lasts; what is left then is cut off, which leaves nothing half-done, because a change is one
/// command to the store.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    (stop, grace): (impl Future<Output = ()>, Duration),
) {
    // Once, else every connection gets a copy of all routes.
    let router = router.with_state(());
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        // It waits and tries again where the system has no connection to give.
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = Listener::accept(&mut listener) => accepted,
        };
        let from = (stream, peer.ip());
        tokio::spawn(answer(from, router.clone(), connections.watcher()));
    }
    drop(listener);
    if tokio::time::timeout(grace, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("connections were cut off when the server stopped");
    }
}

async fn answer((stream, peer): (TcpStream, IpAddr), router: Router, watcher: Watcher) {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD);
    let told = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request
    });
    let service = TowerToHyperService::new(told);
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        // A client that went away, or was too slow.
        tracing::debug!(error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::{Extension, body::Body, routing::get};
    use http_body_util::BodyExt as _;
    use hyper_util::client::legacy::Client;

    use super::*;

    #[tokio::test]
    async fn every_call_is_told_who_is_at_the_other_end() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let told = async |Extension(Peer(peer)): Extension<Peer>| peer.to_string();
        let router = Router::new().route("/", get(told));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let until = async { drop(stopped.await) };
        let serving = tokio::spawn(serve(listener, router, (until, Duration::from_secs(1))));
        let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
        let answer = client.get(url.parse().unwrap()).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "127.0.0.1");
        drop((client, stop));
        serving.await.unwrap();
    }
}
