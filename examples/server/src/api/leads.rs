//! Leads: one list for the whole site.

use std::time::SystemTime;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bartizan_error_envelope::Named;
use serde::{Deserialize, Serialize};

use super::{Caller, Failure, Success, to_its_end};
use crate::app::AppState;
use crate::caching::JsonBody;
use crate::domain::Limit;
use crate::domain::leads::{self, Lead, LeadPage, LeadQuery, NewLead, NewLeadInput, Pagination};

/// Which page of the list is asked for.
#[derive(Clone, Debug, Deserialize)]
pub struct PageQuery {
    page: Option<u32>,
    limit: Option<u32>,
    status: Option<String>,
}

/// One page of the list.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    success: bool,
    data: Vec<Lead>,
    pagination: Pagination,
}

/// Lists leads, newest first. Where there are no demo data, only for accounts.
///
/// # Errors
///
/// See [`Failure`].
pub async fn list(
    State(state): State<AppState>,
    _: Caller,
    Named(Query(query)): Named<Query<PageQuery>>,
) -> Result<JsonBody, Failure> {
    let limit = query.limit.map_or(Ok(Limit::default()), Limit::new)?;
    let status = query.status.map(|status| status.parse()).transpose()?;
    let query = LeadQuery::new(query.page.unwrap_or(1), limit, status)?;
    let answer = |LeadPage { leads, pagination }| Page { success: true, data: leads, pagination };
    Ok(state.reads.leads(query, answer).await?)
}

/// Takes a new lead from anybody.
///
/// # Errors
///
/// [`Failure::Invalid`] names the field that has to be mended.
pub async fn create(
    State(state): State<AppState>,
    Named(Json(input)): Named<Json<NewLeadInput>>,
) -> Result<Response, Failure> {
    let lead = NewLead::try_from(input)?;
    let lead = to_its_end(async move {
        let created = leads::create(&state.database, lead, SystemTime::now().into()).await;
        // After a failure too: a write that was not answered in time may have happened.
        state.caching.forget_leads().await;
        Ok(created?)
    })
    .await?;
    Ok((StatusCode::CREATED, Success::new(lead)).into_response())
}
