use std::net::SocketAddr;

use axum::Router;
use bartizan_describe::RefuseLayer;
use bartizan_error_envelope::{ErrorEnvelopeLayer, RequestIdLayer, matched_path};
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tonic::client::Grpc;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};

use super::codec::Text;
use super::service::Lists;

/// A client of a server on a socket of its own.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    grpc: Grpc<Channel>,
}

fn layers(units: u32) -> (RequestIdLayer, ErrorEnvelopeLayer, RefuseLayer) {
    let envelope = ErrorEnvelopeLayer::new().with_route_of(matched_path);
    (RequestIdLayer::new(), envelope, RefuseLayer::new(units))
}

/// The service behind the layers, served by tonic and by axum.
pub(crate) async fn layered(units: u32) -> [Client; 2] {
    [behind_tonic(units).await, behind_axum(units).await]
}

/// The service alone, served by tonic.
pub(crate) async fn bare() -> Client {
    let incoming = incoming();
    let address = incoming.local_addr().unwrap();
    tokio::spawn(Server::builder().add_service(Lists).serve_with_incoming(incoming));
    Client::to("bare", address).await
}

async fn behind_tonic(units: u32) -> Client {
    let incoming = incoming();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder().layer(layers(units)).add_service(Lists);
    tokio::spawn(server.serve_with_incoming(incoming));
    Client::to("tonic", address).await
}

pub(crate) async fn behind_axum(units: u32) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route_service("/test.Lists/{method}", Lists).layer(layers(units));
    tokio::spawn(async { axum::serve(listener, router).await });
    Client::to("axum", address).await
}

fn incoming() -> TcpIncoming {
    TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

impl Client {
    async fn to(name: &'static str, address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        Self { name, grpc: Grpc::new(endpoint.connect().await.unwrap()) }
    }

    pub(crate) async fn unary(
        &mut self,
        path: &str,
        text: &str,
    ) -> Result<Response<String>, Status> {
        self.grpc.ready().await.unwrap();
        self.grpc.unary(asking(text), PathAndQuery::try_from(path).unwrap(), Text).await
    }

    pub(crate) async fn stream(
        &mut self,
        text: &str,
    ) -> Result<Response<Streaming<String>>, Status> {
        self.grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static("/test.Lists/Count");
        self.grpc.server_streaming(asking(text), path, Text).await
    }
}

/// A message with the key that the layers ask for.
fn asking(text: &str) -> Request<String> {
    let mut request = Request::new(text.to_owned());
    request.metadata_mut().insert("x-api-key", "k".parse().unwrap());
    request.metadata_mut().insert("x-request-id", "r-1".parse().unwrap());
    request
}
