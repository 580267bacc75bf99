use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bartizan_cache::{Cached, Item, Load, LoadError};
use bytes::Bytes;
use serde::Serialize;

use super::body::{self, JsonBody};
use super::{
    Caching, Credential, HISTORY, LEADS, ReadError, WORKFLOW, WORKFLOWS, history_tag, lifetimes,
};
use crate::api::Success;
use crate::data::{DataError, Database};
use crate::domain::accounts::{self, Account, ApiKeyHash};
use crate::domain::analyses::{self, Findings, HealthScore};
use crate::domain::leads::{self, LeadQuery};
use crate::domain::locations::{self, Location};
use crate::domain::workflows::{self, Workflow};
use crate::domain::{AccountId, Limit, LocationId, Tier, Timestamp, WorkflowId};
use crate::upstream::{self, AnalysisRequest, UpstreamClient, UpstreamError};

/// Every read operation, each through its cache.
#[derive(Debug)]
pub(crate) struct Reads {
    caching: Arc<Caching>,
    database: Database,
    /// Where workflows live; `None` when that is not configured, and the tables alone are read.
    platform: Option<UpstreamClient>,
}

type Failed = LoadError<ReadError>;

impl Reads {
    pub(crate) const fn new(
        caching: Arc<Caching>,
        database: Database,
        platform: Option<UpstreamClient>,
    ) -> Self {
        Self { caching, database, platform }
    }

    /// The workflows of a location.
    pub(crate) async fn workflows(
        self: &Arc<Self>,
        location: &LocationId,
    ) -> Result<JsonBody, Failed> {
        let load = {
            let (source, location) = (Arc::clone(self), location.clone());
            move |_| async move { source.load_workflows(&location).await }
        };
        let found = self.caching.workflows.get_or_load(location, load).await?;
        Ok(whole(&found, lifetimes::WORKFLOW, WORKFLOWS.to_owned()))
    }

    /// One workflow of a location, if there is one of that id.
    pub(crate) async fn workflow(
        self: &Arc<Self>,
        location: &LocationId,
        id: &WorkflowId,
    ) -> Result<Option<JsonBody>, Failed> {
        let load = {
            let (source, location, id) = (Arc::clone(self), location.clone(), id.clone());
            move |_| async move { source.load_workflow(&location, &id).await.map(Item::maybe) }
        };
        let found = self.caching.workflow.get_or_load(&(location, id), load).await?;
        let body = found.value().clone();
        let kept = |body| JsonBody::kept(body, &found, lifetimes::WORKFLOW, WORKFLOW.to_owned());
        Ok(body.map(kept))
    }

    /// What the platform found in a workflow; it is asked, and its answer stored, if there is none
    /// that is young enough. Nothing if the location has no such workflow.
    pub(crate) async fn analysis(
        self: &Arc<Self>,
        platform: &UpstreamClient,
        location: &LocationId,
        id: &WorkflowId,
    ) -> Result<Option<JsonBody>, Failed> {
        let load = {
            let (source, platform) = (Arc::clone(self), platform.clone());
            let (location, id) = (location.clone(), id.clone());
            move |_| async move { source.analyse(&platform, &location, &id).await.map(Item::maybe) }
        };
        let found = self.caching.analysis.get_or_load(&(location, id), load).await?;
        Ok(found.into_value().map(JsonBody::new))
    }

    /// The latest analyses of a location that a tier keeps.
    pub(crate) async fn history(
        &self,
        location: &LocationId,
        tier: Tier,
        limit: Limit,
    ) -> Result<JsonBody, Failed> {
        let load = {
            let (database, location) = (self.database.clone(), location.clone());
            move |_| async move {
                let since = tier.retention().since(SystemTime::now().into());
                let list = analyses::history(&database, &location, since, limit).await?;
                let body = body::write(&Success::new(list))?;
                Ok(Item::new(body).with_tag(location.as_str()))
            }
        };
        let found = self.caching.history.get_or_load(&(location, tier, limit), load).await?;
        let tags = format!("{HISTORY}, {}", history_tag(location));
        Ok(whole(&found, lifetimes::MEDIUM, tags))
    }

    /// A page of leads, made an answer by `answer`.
    pub(crate) async fn leads<A: Serialize>(
        &self,
        query: LeadQuery,
        answer: impl FnOnce(leads::LeadPage) -> A + Send + 'static,
    ) -> Result<JsonBody, Failed> {
        let key = ("list", query.page(), query.limit(), query.status_word());
        let load = {
            let database = self.database.clone();
            move |_| async move {
                let page = leads::list(&database, query).await?;
                Ok(Item::new(body::write(&answer(page))?).with_tag(LEADS))
            }
        };
        let found = self.caching.leads.get_or_load(&key, load).await?;
        Ok(whole(&found, lifetimes::LEADS, LEADS.to_owned()))
    }

    /// The account that an API key opens. One that never opened any is looked up each time: guesses
    /// are not to fill the memory.
    pub(crate) async fn account_by_key(
        &self,
        hash: &ApiKeyHash,
    ) -> Result<Option<Account>, Failed> {
        let (database, hash_of_load) = (self.database.clone(), *hash);
        let load = async move || accounts::by_api_key(&database, &hash_of_load).await;
        self.frequent(Credential::Key(hash), load).await
    }

    /// The account of a session, which knows its location unless it began long ago.
    pub(crate) async fn account_of_session(
        &self,
        location: Option<&LocationId>,
        id: &AccountId,
    ) -> Result<Option<Account>, Failed> {
        if let Some(location) = location {
            let load = {
                let (database, location) = (self.database.clone(), location.clone());
                move |_| async move {
                    accounts::of_location(&database, &location).await.map_err(ReadError::from)
                }
            };
            let all = self.caching.user.get_or_load(location, load).await?;
            if let Some(account) = all.iter().find(|account| account.id == *id) {
                return Ok(Some(account.clone()));
            }
        }
        let (database, id_of_load) = (self.database.clone(), id.clone());
        let load = async move || accounts::find(&database, &id_of_load).await;
        self.frequent(Credential::Account(id), load).await
    }

    async fn frequent<F>(
        &self,
        credential: Credential<'_>,
        load: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Option<Account>, Failed>
    where
        F: Future<Output = Result<Option<Account>, DataError>> + Send + 'static,
    {
        let load = move |begun: Load<Option<Account>>| {
            let was_known = begun.previous().is_some();
            async move {
                let found = load().await?;
                Ok::<_, ReadError>(match found {
                    Some(account) => {
                        let tag = account.location_id.as_str().to_owned();
                        Item::new(Some(account)).with_tag(tag)
                    }
                    // Else an outage would bring back what it opened before it was withdrawn.
                    None if was_known => Item::absent(),
                    None => Item::absent().not_kept(),
                })
            }
        };
        Ok(self.caching.frequent.get_or_load(&credential, load).await?.into_value())
    }

    /// A location, if there is one of that id.
    pub(crate) async fn location(&self, id: &LocationId) -> Result<Option<Location>, Failed> {
        let load = {
            let (database, id) = (self.database.clone(), id.clone());
            move |_| async move {
                locations::find(&database, &id).await.map(Item::maybe).map_err(ReadError::from)
            }
        };
        let found = self.caching.fixed.get_or_load(&("location", id), load).await?;
        Ok(found.into_value())
    }

    async fn load_workflows(&self, location: &LocationId) -> Result<Bytes, ReadError> {
        let known = async { Ok(workflows::list(&self.database, location).await?) };
        let (mut known, told) = tokio::try_join!(known, self.told(location))?;
        for workflow in &mut known {
            told.tell(workflow);
        }
        body::write(&Success::new(known))
    }

    async fn load_workflow(
        &self,
        location: &LocationId,
        id: &WorkflowId,
    ) -> Result<Option<Bytes>, ReadError> {
        let found = workflows::find(&self.database, location, id).await?;
        let Some(mut workflow) = found else { return Ok(None) };
        self.told(location).await?.tell(&mut workflow);
        body::write(&Success::new(workflow)).map(Some)
    }

    async fn told(&self, location: &LocationId) -> Result<Told, ReadError> {
        let list = match &self.platform {
            Some(platform) => platform.workflows(location.as_str()).await?,
            None => Vec::new(),
        };
        let own = list.into_iter().filter(|workflow| workflow.location_id == location.as_str());
        Ok(Told(own.map(|workflow| (workflow.id.clone(), workflow)).collect()))
    }

    async fn analyse(
        &self,
        platform: &UpstreamClient,
        location: &LocationId,
        id: &WorkflowId,
    ) -> Result<Option<Bytes>, ReadError> {
        let found = workflows::find(&self.database, location, id).await?;
        let Some(workflow) = found else { return Ok(None) };
        let request = AnalysisRequest {
            workflow_id: id.as_str().to_owned(),
            definition: serde_json::to_value(&workflow.steps).ok(),
        };
        let findings = findings(platform.analyze(&request).await?)?;
        let now = Timestamp::from(SystemTime::now());
        let analysis = analyses::insert(&self.database, location, id, findings, now).await?;
        self.caching.forget_history(location).await;
        body::write(&Success::new(analysis)).map(Some)
    }
}

/// What the platform tells of a location's workflows, by id.
struct Told(HashMap<String, upstream::Workflow>);

impl Told {
    /// The name and the status are the platform's; a status that nobody knows changes nothing.
    fn tell(&self, workflow: &mut Workflow) {
        let Some(told) = self.0.get(workflow.id.as_str()) else { return };
        workflow.name.clone_from(&told.name);
        if let Ok(status) = told.status.parse() {
            workflow.status = status;
        }
    }
}

/// A score that the platform may not give is its failure, not the caller's.
fn findings(found: upstream::Analysis) -> Result<Findings, UpstreamError> {
    let health_score = HealthScore::new(found.health_score)
        .map_err(|source| UpstreamError::Decode { source: source.into() })?;
    Ok(Findings {
        health_score,
        issues: found.issues_found,
        recommendations: found.recommendations,
    })
}

fn whole(found: &Cached<Bytes>, lifetime: Duration, tags: String) -> JsonBody {
    JsonBody::kept(found.value().clone(), found, lifetime, tags)
}
