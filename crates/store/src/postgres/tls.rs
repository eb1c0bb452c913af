//! How is a connection encrypted, and who vouches for the other side?

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::Fault;

/// Where a URL names the file of the authority that vouches for the database.
const AUTHORITY: &str = "sslrootcert=";

/// The URL without what the driver does not know, and the file of the authority.
pub(super) fn cut_authority(url: &str) -> (String, Option<String>) {
    let Some((base, options)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let authority = options
        .split('&')
        .find_map(|option| option.strip_prefix(AUTHORITY));
    // The certificate is always checked, name and all: the two mean the same here.
    let rest = options
        .split('&')
        .filter(|option| !option.starts_with(AUTHORITY));
    let rest: Vec<&str> = rest
        .map(|option| match option {
            "sslmode=verify-full" => "sslmode=require",
            other => other,
        })
        .collect();
    let authority = authority.map(str::to_owned);
    (format!("{base}?{}", rest.join("&")), authority)
}

/// The authorities that are believed: those of Mozilla's list, or the one named instead.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    pub(super) fn new(authority: Option<&str>) -> Result<Tls, Fault> {
        let roots = match authority {
            Some(file) => roots_of(Path::new(file))?,
            None => RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        };
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::Disk(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Tls {
            config: Arc::new(config),
        })
    }
}

fn roots_of(file: &Path) -> Result<RootCertStore, Fault> {
    let unreadable = || Fault::Disk(format!("{} holds no certificate", file.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|_| unreadable())? {
        let certificate = certificate.map_err(|_| unreadable())?;
        roots.add(certificate).map_err(|_| unreadable())?;
    }
    match roots.is_empty() {
        true => Err(unreadable()),
        false => Ok(roots),
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = Named;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Named, io::Error> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Named {
            config: Arc::clone(&self.config),
            name,
        })
    }
}

/// One server, by its name.
pub(super) struct Named {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl<S> TlsConnect<S> for Named
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let connector = TlsConnector::from(self.config);
            Ok(Encrypted(connector.connect(self.name, stream).await?))
        })
    }
}

/// A stream of bytes as the driver wants it.
pub(super) struct Encrypted<S>(TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_driver_does_not_know_is_cut_out() {
        let check = |url: &str, expected: (&str, Option<&str>)| {
            let (rest, authority) = cut_authority(url);
            assert_eq!((rest.as_str(), authority.as_deref()), expected);
        };
        check("postgres://a/b", ("postgres://a/b", None));
        check(
            "postgres://a/b?sslmode=verify-full&sslrootcert=/ca&connect_timeout=1",
            (
                "postgres://a/b?sslmode=require&connect_timeout=1",
                Some("/ca"),
            ),
        );
        check(
            "postgres://a/b?sslrootcert=/ca",
            ("postgres://a/b?", Some("/ca")),
        );
    }

    #[test]
    fn an_authority_is_a_certificate() {
        assert!(Tls::new(None).is_ok());
        assert!(Tls::new(Some("/dev/null")).is_err());
        assert!(Tls::new(Some("/none")).is_err());
    }
}
