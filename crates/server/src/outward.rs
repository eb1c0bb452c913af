//! How does the server call an address that somebody else named? Never one of its own network,
//! unless the operator lets it; once, without following, and for a bounded time.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, Uri,
    body::Incoming,
    client::conn::http1,
    rt::{Read, Write},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

/// How long all of a call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is kept of an answer.
const MAX_ANSWER: usize = 1024;
/// What the head of an answer may come to.
const MAX_HEAD: usize = 32 * 1024;
/// Where HTTPS is served.
const PORTS: [u16; 2] = [443, 8443];

/// Where the server may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public internet, by HTTPS.
    Public,
    /// Any address, by HTTP too: for tests, and for whoever runs the receiver beside the server.
    Anywhere,
}

/// An address that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    is_secret: bool,
    host: String,
    port: u16,
    /// As it stands in the URL.
    authority: String,
    path: String,
}

impl Target {
    /// # Errors
    /// When it is no URL, or one that may not be called: a sentence that says why.
    pub fn parse(url: &str, reach: Reach) -> Result<Self, &'static str> {
        let uri: Uri = url.parse().map_err(|_| "is not a URL")?;
        let authority = uri.authority().ok_or("is not a URL with a host")?;
        if authority.as_str().contains('@') {
            return Err("must not name a user");
        }
        let is_secret = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if reach == Reach::Anywhere => false,
            _ => return Err("must begin with https://"),
        };
        let port = uri.port_u16();
        let usual = if is_secret { 443 } else { 80 };
        let target = Self {
            is_secret,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(usual),
            authority: authority.to_string(),
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .into(),
        };
        target.check(reach).map(|()| target)
    }

    fn check(&self, reach: Reach) -> Result<(), &'static str> {
        if self.host.is_empty() {
            return Err("is not a URL with a host");
        }
        if reach == Reach::Anywhere {
            return Ok(());
        }
        if !PORTS.contains(&self.port) {
            return Err("must be at port 443 or 8443");
        }
        match self.host.parse::<IpAddr>() {
            Ok(address) if !is_public(address) => Err("is not an address of the public internet"),
            Err(_) if is_disguised(&self.host) => Err("is not an address of the public internet"),
            _ => Ok(()),
        }
    }
}

/// Numbers that some resolvers take for an address, and names of one's own network.
fn is_disguised(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with(|first: char| first.is_ascii_digit());
    is_number || last == host || ["localhost", "local", "internal"].contains(&last)
}

/// Whether an address is one of the public internet: nobody's own, nor one that stands for another.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_kept = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast();
    // RFC 6890: this network, carriers' own, protocol assignments, relays, benchmarks, reserved.
    let is_special = a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240;
    !is_kept && !is_special
}

/// Only what is given out globally, 2000::/3: IPv4-mapped addresses, NAT64, one's own network and
/// link-local lie outside. Of that, not what carries an IPv4 address, nor what is for examples.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_global = (0x2000..0x4000).contains(&a);
    let is_special =
        (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    is_global && !is_special
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    /// Its start.
    pub body: String,
}

/// Posts JSON to an address, once.
///
/// # Errors
/// When it may not be called, or does not answer in time: a sentence that says why.
pub async fn post(
    (target, reach): (&Target, Reach),
    headers: &[(&str, String)],
    body: Bytes,
) -> Result<Answered, String> {
    let called = call((target, reach), headers, body);
    let patient = tokio::time::timeout(PATIENCE, called).await;
    patient.map_err(|_| "it did not answer within 10 seconds".to_owned())?
}

async fn call(
    (target, reach): (&Target, Reach),
    headers: &[(&str, String)],
    body: Bytes,
) -> Result<Answered, String> {
    let mut request = Request::post(&target.path)
        .header("host", &target.authority)
        .header("content-type", "application/json")
        .header("user-agent", "proffer");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(body));
    let request = request.map_err(|error| error.to_string())?;
    // Whatever a name leads to a moment later, what was looked at is what is called.
    let addresses = resolved(target, reach).await?;
    let stream = TcpStream::connect(addresses.as_slice()).await;
    let stream = stream.map_err(|error| format!("no connection: {error}"))?;
    if !target.is_secret {
        return exchange(TokioIo::new(stream), request).await;
    }
    let name = ServerName::try_from(target.host.clone()).map_err(|error| error.to_string())?;
    let config = TLS.clone().ok_or("TLS cannot be used")?;
    let stream = TlsConnector::from(config).connect(name, stream).await;
    let stream = stream.map_err(|error| format!("no secret connection: {error}"))?;
    exchange(TokioIo::new(stream), request).await
}

/// The addresses of a target, if all of them may be called.
async fn resolved(target: &Target, reach: Reach) -> Result<Vec<SocketAddr>, String> {
    let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    let found: Vec<SocketAddr> = found
        .map_err(|error| format!("its name leads nowhere: {error}"))?
        .collect();
    let may_be_called = |one: &SocketAddr| reach == Reach::Anywhere || is_public(one.ip());
    if !found.iter().all(may_be_called) {
        return Err("its name leads to an address that is not of the public internet".into());
    }
    Ok(found)
}

/// Asks, and reads the start of the answer.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answered, String>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let wrong = |error: hyper::Error| format!("no answer: {error}");
    let mut http = http1::Builder::new();
    http.max_buf_size(MAX_HEAD);
    let (mut sender, connection) = http.handshake(stream).await.map_err(wrong)?;
    let connection = tokio::spawn(connection);
    let asked = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = start_of(response).await;
        Ok(Answered { status, body })
    };
    let answered = asked.await.map_err(wrong);
    connection.abort();
    answered
}

async fn start_of(response: Response<Incoming>) -> String {
    let mut body = response.into_body();
    let mut start = Vec::new();
    while start.len() < MAX_ANSWER {
        let Some(Ok(frame)) = body.frame().await else {
            break;
        };
        start.extend(frame.into_data().unwrap_or_default());
    }
    start.truncate(MAX_ANSWER);
    String::from_utf8_lossy(&start).into_owned()
}

/// Mozilla's list says who is believed.
static TLS: LazyLock<Option<Arc<ClientConfig>>> = LazyLock::new(|| {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.ok()?.with_root_certificates(roots);
    Some(Arc::new(config.with_no_client_auth()))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_may_be_called() {
        let check = |url: &str, is_allowed: bool| {
            let found = Target::parse(url, Reach::Public);
            assert_eq!(found.is_ok(), is_allowed, "{url}: {found:?}");
        };
        check("https://shop.example/hooks?a=1", true);
        check("https://shop.example:8443/", true);
        check("https://93.184.215.14/", true);
        check("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", true);
        // Other protocols, ports and users.
        check("http://shop.example/", false);
        check("ftp://shop.example/", false);
        check("file:///etc/passwd", false);
        check("https://shop.example:22/", false);
        check("https://user@shop.example/", false);
        check("https://shop.example@127.0.0.1/", false);
        check("/hooks", false);
        check("", false);
        // One's own, as it is and in disguise.
        check("https://127.0.0.1/", false);
        check("https://10.0.0.1/", false);
        check("https://172.16.0.1/", false);
        check("https://192.168.1.1/", false);
        check("https://169.254.169.254/latest/meta-data/", false);
        check("https://100.64.0.1/", false);
        check("https://0.0.0.0/", false);
        check("https://255.255.255.255/", false);
        check("https://2130706433/", false);
        check("https://0x7f000001/", false);
        check("https://0177.0.0.1/", false);
        check("https://127.1/", false);
        check("https://127.0.0.1./", false);
        check("https://[::1]/", false);
        check("https://[::]/", false);
        check("https://[::ffff:127.0.0.1]/", false);
        check("https://[::ffff:93.184.215.14]/", false);
        check("https://[64:ff9b::7f00:1]/", false);
        check("https://[64:ff9b:1::a00:1]/", false);
        check("https://[2002:7f00:1::]/", false);
        check("https://[2001:0:7f00:1::]/", false);
        check("https://[fe80::1]/", false);
        check("https://[fd00:ec2::254]/", false);
        check("https://localhost/", false);
        check("https://LOCALHOST./", false);
        check("https://shop.localhost/", false);
        check("https://printer.local/", false);
        check("https://metadata.google.internal/", false);
        check("https://intranet/", false);
    }

    /// A name may lead anywhere, and elsewhere a moment later.
    #[tokio::test]
    async fn what_a_name_leads_to_is_looked_at_before_it_is_called() {
        let target = Target::parse("http://localhost:1/", Reach::Anywhere).unwrap();
        let refused = resolved(&target, Reach::Public).await.unwrap_err();
        assert!(refused.contains("not of the public internet"), "{refused}");
        assert!(resolved(&target, Reach::Anywhere).await.is_ok());
    }
}
