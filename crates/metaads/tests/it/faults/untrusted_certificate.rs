//! A server without a trusted certificate answers at Meta's address.

use std::sync::Arc;

use metaads_sandbox::{Answer, Persona};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::world::World;

/// A TLS server with a self-signed certificate. Its task returns how many bytes of a request it read.
async fn impostor() -> (String, tokio::task::JoinHandle<usize>) {
    let certified =
        rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let received = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        match TlsAcceptor::from(Arc::new(config)).accept(stream).await {
            Ok(mut stream) => stream.read(&mut [0; 1024]).await.unwrap_or_default(),
            Err(_) => 0,
        }
    });
    (address, received)
}

#[tokio::test]
async fn o14_an_untrusted_certificate_receives_neither_code_nor_secret() {
    let (address, received) = impostor().await;
    let world = World::with(&[("META_GRAPH_URL", &address)]).await;
    let browser = world.user("a@b.example").await;
    let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
    assert_eq!(page.title(), "Meta isn’t answering right now");
    assert_eq!(received.await.unwrap(), 0, "not one byte of the request is sent");
}
