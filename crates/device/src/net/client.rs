//! The one place that builds an HTTP client. rustls with ring and the web's
//! own roots, plus the council's if enrolment gave one; no redirects, because
//! a captive portal answers with one.

use anyhow::{Context, Result};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

pub fn build_client(ca_pem: Option<&str>) -> Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(tls(ca_pem)?)
        .redirect(Policy::none())
        .http1_only()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(60))
        .pool_idle_timeout(Duration::from_secs(20))
        .user_agent(concat!("kerbside/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("Build the HTTP client")
}

fn tls(ca_pem: Option<&str>) -> Result<ClientConfig> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(pem) = ca_pem {
        for certificate in rustls_pemfile::certs(&mut pem.as_bytes()) {
            roots
                .add(certificate.context("Read the council's certificate")?)
                .context("Trust the council's certificate")?;
        }
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("Choose TLS versions")?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails when our rustls and the client's part ways: the client then knows nothing of our configuration.
    #[test]
    fn the_client_takes_our_own_tls_configuration() {
        assert!(build_client(None).is_ok());
    }

    #[test]
    fn a_council_certificate_that_is_none_is_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(build_client(Some(broken)).is_err());
    }
}
