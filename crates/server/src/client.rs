//! How does a program of ours call the server? A small client over the public API, for the demo,
//! the tests, the replays and the benches.

use axum::{body::Bytes, http::StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, Uri};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::Timestamp;
use serde_json::Value;

/// A caller with one key; connections are kept and shared by its clones.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    base: String,
    key: String,
    /// Sent with every call, beside what a call brings itself.
    headers: Vec<(String, String)>,
}

/// A status with a JSON body; `null` where the body is not JSON.
pub type Answer = (StatusCode, Value);

impl Client {
    /// `base` without a closing slash: `http://127.0.0.1:8787`.
    #[must_use]
    pub fn new(base: &str, key: &str) -> Self {
        let pool = Pool::builder(TokioExecutor::new()).build_http();
        Self {
            pool,
            base: base.to_owned(),
            key: key.to_owned(),
            headers: Vec::new(),
        }
    }

    /// The same caller, on the same connections, who also sends this header: an idempotency key,
    /// or a moment of a sandbox's own clock for any call.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// # Errors
    /// When the server cannot be reached or hangs up.
    pub async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(self.request(Method::GET, path, Bytes::new())?)
            .await
    }

    /// # Errors
    /// When the server cannot be reached or hangs up.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let body = Bytes::from(body.to_string());
        self.send(self.request(Method::POST, path, body)?).await
    }

    /// # Errors
    /// When the server cannot be reached or hangs up.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let body = Bytes::from(body.to_string());
        self.send(self.request(Method::PUT, path, body)?).await
    }

    /// As [`Client::post`], at a moment of a sandbox's own clock (ms since the epoch).
    ///
    /// # Errors
    /// When the server cannot be reached or hangs up.
    pub async fn post_at(&self, now: i64, path: &str, body: &Value) -> Result<Answer, String> {
        let now = Timestamp::from_millisecond(now).map_err(|error| error.to_string())?;
        self.with("proffer-now", &now.to_string())
            .post(path, body)
            .await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, String> {
        let uri: Uri = format!("{}{path}", self.base)
            .parse()
            .map_err(|error| format!("{path}: {error}"))?;
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
            .body(Full::new(body))
            .map_err(|error| error.to_string())
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let response = self
            .pool
            .request(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        let value = serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null);
        Ok((status, value))
    }
}
