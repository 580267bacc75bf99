//! The client of the workflow platform.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::{Analysis, AnalysisRequest, UpstreamError, Workflow};

/// The largest answer that is read: a thousand workflows are a tenth of it.
const LARGEST_ANSWER: usize = 4 << 20;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the answer is complete, the connection included.
    pub total: Duration,
}

impl Default for Timeouts {
    /// An analysis is described with 3.5 s; three times that is a platform in trouble.
    fn default() -> Self {
        Self { connect: Duration::from_secs(1), total: Duration::from_secs(10) }
    }
}

/// Calls the workflow platform; clones share the connections.
#[derive(Debug, Clone)]
pub struct UpstreamClient {
    http: Client,
    base: Url,
}

#[derive(Deserialize)]
struct Workflows {
    workflows: Vec<Workflow>,
}

impl UpstreamClient {
    /// Prepares calls under `base`.
    ///
    /// # Errors
    ///
    /// The HTTP client cannot be set up.
    pub fn new(mut base: Url, timeouts: Timeouts) -> Result<Self, UpstreamError> {
        let mut http = Client::builder().connect_timeout(timeouts.connect).timeout(timeouts.total);
        if is_loopback(&base) {
            // The process environment may name a proxy, which would look for the fake on itself.
            http = http.no_proxy();
        }
        // Joining replaces what stands after the last slash.
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { http: http.build()?, base })
    }

    /// Lists the workflows of a location.
    ///
    /// # Errors
    ///
    /// The platform gave no usable answer.
    pub async fn workflows(&self, location_id: &str) -> Result<Vec<Workflow>, UpstreamError> {
        let request = self.http.get(self.url("workflows")?).query(&[("locationId", location_id)]);
        let answer: Workflows = call(request).await?;
        Ok(answer.workflows)
    }

    /// Analyses a workflow.
    ///
    /// # Errors
    ///
    /// The platform gave no usable answer.
    pub async fn analyze(&self, request: &AnalysisRequest) -> Result<Analysis, UpstreamError> {
        call(self.http.post(self.url("analyses")?).json(request)).await
    }

    fn url(&self, path: &str) -> Result<Url, UpstreamError> {
        self.base.join(path).map_err(|error| UpstreamError::Unreachable { source: error.into() })
    }
}

async fn call<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, UpstreamError> {
    let response = request.send().await?;
    let status = response.status();
    if !status.is_success() {
        return Err(UpstreamError::Status { status: status.as_u16() });
    }
    Ok(serde_json::from_slice(&read(response).await?)?)
}

async fn read(mut response: Response) -> Result<Vec<u8>, UpstreamError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > LARGEST_ANSWER {
            return Err(UpstreamError::TooLarge { limit: LARGEST_ANSWER });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}
