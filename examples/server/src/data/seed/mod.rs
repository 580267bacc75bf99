//! The demo data: the same for every empty database.

use std::fmt;
use std::num::NonZeroU32;

use crate::domain::accounts::{self, ApiKey, ApiKeyHash};
use crate::domain::{LocationId, Tier, Timestamp};

use super::{DataError, Database, Statement, Transaction, bulk};

mod records;
mod words;

static COUNT_LOCATIONS: Statement =
    Statement::read("location_count", "SELECT COUNT(*) AS value FROM locations");
static INSERT_LOCATION: Statement = Statement::write(
    "location_insert",
    "INSERT INTO locations (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
);

/// The demo locations, each with the account of one tier and its key.
///
/// The keys are no secrets: they open nothing but demo data, and the documents quote them.
const DEMO: [Demo; 3] = [
    Demo {
        location: "loc_demo_1",
        name: "Harbour Dental",
        account: "acc_demo_free",
        tier: Tier::Free,
        key: "btz_demo_free_4d1f0a7be2c85963",
    },
    Demo {
        location: "loc_demo_2",
        name: "Northside Realty",
        account: "acc_demo_pro",
        tier: Tier::Pro,
        key: "btz_demo_pro_9be35c20f7164ad8",
    },
    Demo {
        location: "loc_demo_3",
        name: "Lighthouse Fitness",
        account: "acc_demo_enterprise",
        tier: Tier::Enterprise,
        key: "btz_demo_enterprise_60c2d8e94b7f135a",
    },
];

struct Demo {
    location: &'static str,
    name: &'static str,
    account: &'static str,
    tier: Tier,
    key: &'static str,
}

/// How many rows the demo data have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedSize {
    /// Workflows, over all locations.
    pub workflows: u32,
    /// Analyses, over all workflows and the 120 days before now.
    pub analyses: u32,
    /// Leads.
    pub leads: u32,
}

impl SeedSize {
    /// This many times as many rows.
    #[must_use]
    pub const fn times(self, times: NonZeroU32) -> Self {
        let times = times.get();
        Self {
            workflows: self.workflows.saturating_mul(times),
            analyses: self.analyses.saturating_mul(times),
            leads: self.leads.saturating_mul(times),
        }
    }
}

impl Default for SeedSize {
    /// 100 workflows, 1,000 analyses, 500 leads.
    fn default() -> Self {
        Self { workflows: 100, analyses: 1_000, leads: 500 }
    }
}

/// A key that opens the demo account of a tier.
#[derive(Clone)]
pub struct DemoKey {
    /// The account's tier.
    pub tier: Tier,
    /// The location whose data it sees.
    pub location: LocationId,
    /// The key.
    pub key: ApiKey,
}

impl fmt::Debug for DemoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DemoKey({})", self.tier)
    }
}

/// What seeding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeding {
    /// The database was empty and now holds the demo data.
    Filled,
    /// The database held data, and was left as it was.
    LeftAlone,
}

/// Fills an empty database in one transaction, relative to `now`: the analyses lie in the 120 days
/// before it, so that each tier's retention shows.
///
/// Several instances may try at once; one fills.
///
/// # Errors
///
/// See [`DataError`].
pub async fn seed(
    database: &Database,
    size: SeedSize,
    now: Timestamp,
) -> Result<Seeding, DataError> {
    let mut transaction = Transaction::begin_bulk(database).await?;
    let result = fill(&mut transaction, size, now).await;
    let seeding = transaction.finish(result).await?;
    if seeding == Seeding::Filled {
        database.analyze().await?;
    }
    Ok(seeding)
}

/// The first demo location: what anonymous callers see outside of production.
#[must_use]
pub const fn demo_location() -> LocationId {
    LocationId::constant(DEMO[0].location)
}

/// Tells whether this is the hash of a demo key, which everybody can read in the source.
#[must_use]
pub fn is_demo_key(hash: &ApiKeyHash) -> bool {
    DEMO.iter().any(|demo| ApiKey::constant(demo.key).hash() == *hash)
}

/// The demo keys that open an account of this database, the lowest tier first.
///
/// # Errors
///
/// See [`DataError`].
pub async fn demo_keys(database: &Database) -> Result<Vec<DemoKey>, DataError> {
    let mut keys = Vec::with_capacity(DEMO.len());
    for demo in &DEMO {
        let key = ApiKey::constant(demo.key);
        if let Some(account) = accounts::by_api_key(database, &key.hash()).await? {
            keys.push(DemoKey { tier: account.tier, location: account.location_id, key });
        }
    }
    Ok(keys)
}

async fn fill(
    transaction: &mut Transaction,
    size: SeedSize,
    now: Timestamp,
) -> Result<Seeding, DataError> {
    let locations = transaction.fetch_all::<i64>(&COUNT_LOCATIONS, &[]).await?;
    if locations != [0] {
        return Ok(Seeding::LeftAlone);
    }
    for demo in &DEMO {
        let values = [demo.location.into(), demo.name.into(), now.into()];
        // Nothing inserted: another instance was faster, and this statement waited for it.
        if transaction.execute(&INSERT_LOCATION, &values).await? == 0 {
            return Ok(Seeding::LeftAlone);
        }
    }
    accounts(transaction, now).await?;
    workflows(transaction, size, now).await?;
    analyses(transaction, size, now).await?;
    leads(transaction, size, now).await?;
    Ok(Seeding::Filled)
}

async fn accounts(transaction: &mut Transaction, now: Timestamp) -> Result<(), DataError> {
    let columns = ["id", "location_id", "tier", "created_at"];
    bulk::insert(transaction, "seed_accounts", "accounts", columns, DEMO.iter(), |demo| {
        [demo.account.into(), demo.location.into(), demo.tier.as_str().into(), now.into()]
    })
    .await?;
    // Collected: a borrowing closure kept over an await would take `Send` from the future.
    let keys: Vec<_> =
        DEMO.iter().map(|demo| (demo.account, ApiKey::constant(demo.key).hash())).collect();
    let columns = ["key_hash", "account_id", "created_at"];
    bulk::insert(
        transaction,
        "seed_api_keys",
        "api_keys",
        columns,
        keys.into_iter(),
        |(account, hash)| [hash.as_bytes().into(), (*account).into(), now.into()],
    )
    .await
}

async fn workflows(
    transaction: &mut Transaction,
    size: SeedSize,
    now: Timestamp,
) -> Result<(), DataError> {
    let columns = [
        "location_id",
        "id",
        "name",
        "description",
        "status",
        "trigger_event",
        "steps",
        "created_at",
        "updated_at",
    ];
    let records = records::workflows(size, now);
    bulk::insert(transaction, "seed_workflows", "workflows", columns, records, |record| {
        [
            record.location.into(),
            record.id.as_str().into(),
            record.name.as_str().into(),
            record.description.into(),
            record.status.as_str().into(),
            record.trigger.into(),
            record.steps.as_str().into(),
            record.created_at.into(),
            record.updated_at.into(),
        ]
    })
    .await
}

async fn analyses(
    transaction: &mut Transaction,
    size: SeedSize,
    now: Timestamp,
) -> Result<(), DataError> {
    let columns = [
        "id",
        "location_id",
        "workflow_id",
        "health_score",
        "issues_found",
        "issues",
        "recommendations",
        "created_at",
    ];
    let records = records::analyses(size, now);
    bulk::insert(transaction, "seed_analyses", "analysis_results", columns, records, |record| {
        [
            record.id.as_str().into(),
            record.location.into(),
            record.workflow.as_str().into(),
            record.health_score.into(),
            record.issues_found.into(),
            record.issues.as_str().into(),
            record.recommendations.as_str().into(),
            record.created_at.into(),
        ]
    })
    .await
}

async fn leads(
    transaction: &mut Transaction,
    size: SeedSize,
    now: Timestamp,
) -> Result<(), DataError> {
    let columns = ["id", "name", "email", "company", "phone", "source", "status", "created_at"];
    let records = records::leads(size, now);
    bulk::insert(transaction, "seed_leads", "leads", columns, records, |record| {
        [
            record.id.as_str().into(),
            record.name.as_str().into(),
            record.email.as_str().into(),
            record.company.into(),
            record.phone.as_str().into(),
            record.source.into(),
            record.status.as_str().into(),
            record.created_at.into(),
        ]
    })
    .await
}
