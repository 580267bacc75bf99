//! Leads: people who asked to be contacted; one list for the whole site.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::field::{line, one_of, optional_line};
use super::{Email, FieldError, LeadId, Limit, Timestamp};
use crate::data::{DataError, Database, FromRow, Row, RowError, Statement};

static LIST: Statement = Statement::read(
    "lead_list",
    "SELECT id, name, email, company, phone, source, status, created_at FROM leads \
     ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2",
);
static LIST_BY_STATUS: Statement = Statement::read(
    "lead_list_by_status",
    "SELECT id, name, email, company, phone, source, status, created_at FROM leads \
     WHERE status = $3 ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2",
);
static COUNT: Statement = Statement::read("lead_count", "SELECT COUNT(*) AS value FROM leads");
static COUNT_BY_STATUS: Statement = Statement::read(
    "lead_count_by_status",
    "SELECT COUNT(*) AS value FROM leads WHERE status = $1",
);
static INSERT: Statement = Statement::write(
    "lead_insert",
    "INSERT INTO leads (id, name, email, company, phone, source, status, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);

/// The deepest row that a list skips to: OFFSET reads every row that it skips.
const MAX_OFFSET: u32 = 10_000;

/// What has become of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LeadStatus {
    /// Nobody has answered yet.
    New,
    /// Somebody has.
    Contacted,
    /// Worth an offer.
    Qualified,
    /// A customer.
    Converted,
    /// Not interested.
    Lost,
}

impl LeadStatus {
    /// All of them, in the order they follow each other.
    pub const ALL: [Self; 5] =
        [Self::New, Self::Contacted, Self::Qualified, Self::Converted, Self::Lost];

    /// The word for it in the database, in queries and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Contacted => "contacted",
            Self::Qualified => "qualified",
            Self::Converted => "converted",
            Self::Lost => "lost",
        }
    }
}

impl FromStr for LeadStatus {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = FieldError::new("status", "one of new, contacted, qualified, converted, lost");
        one_of(&Self::ALL, Self::as_str, text, error)
    }
}

/// A stored lead as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lead {
    /// Unique.
    pub id: LeadId,
    /// The person's name.
    pub name: String,
    /// Where to write to.
    pub email: Email,
    /// Where the person works.
    pub company: Option<String>,
    /// Where to call.
    pub phone: Option<String>,
    /// Where the person came from: a campaign, a page.
    pub source: Option<String>,
    /// What has become of it.
    pub status: LeadStatus,
    /// When the person asked.
    pub created_at: Timestamp,
}

/// What the client sends to become a lead.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewLeadInput {
    /// 1 to 120 code points on one line.
    pub name: String,
    /// A mail address.
    pub email: String,
    /// At most 120 code points on one line.
    pub company: Option<String>,
    /// At most 32 digits, spaces, `+`, `-`, `.`, `(` and `)`.
    pub phone: Option<String>,
    /// At most 64 code points on one line.
    pub source: Option<String>,
}

/// A lead that is fit to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLead {
    name: String,
    email: Email,
    company: Option<String>,
    phone: Option<String>,
    source: Option<String>,
}

impl TryFrom<NewLeadInput> for NewLead {
    type Error = FieldError;

    fn try_from(input: NewLeadInput) -> Result<Self, Self::Error> {
        const NAME: FieldError = FieldError::new("name", "1 to 120 characters on one line");
        const COMPANY: FieldError = FieldError::new("company", "at most 120 characters on a line");
        const SOURCE: FieldError = FieldError::new("source", "at most 64 characters on one line");
        Ok(Self {
            name: line(&input.name, 120, NAME)?,
            email: input.email.parse()?,
            company: optional_line(input.company.as_deref(), 120, COMPANY)?,
            phone: phone(input.phone.as_deref())?,
            source: optional_line(input.source.as_deref(), 64, SOURCE)?,
        })
    }
}

fn phone(text: Option<&str>) -> Result<Option<String>, FieldError> {
    const PHONE: FieldError = FieldError::new("phone", "a number such as +1 555 0100");
    let phone = optional_line(text, 32, PHONE)?;
    let allowed = |c: char| c.is_ascii_digit() || " +-.()".contains(c);
    match phone {
        Some(phone) if !phone.chars().all(allowed) => Err(PHONE),
        phone => Ok(phone),
    }
}

/// Which leads a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadQuery {
    page: u32,
    limit: Limit,
    status: Option<LeadStatus>,
}

impl LeadQuery {
    /// The page, counted from 1, of `limit` leads each.
    ///
    /// # Errors
    ///
    /// Page 0, and pages that begin after the 10,000th lead.
    pub fn new(page: u32, limit: Limit, status: Option<LeadStatus>) -> Result<Self, FieldError> {
        const PAGE: FieldError = FieldError::new("page", "from 1 to where the 10,000th lead is");
        let offset = page.checked_sub(1).and_then(|skipped| skipped.checked_mul(limit.get()));
        match offset {
            Some(offset) if offset <= MAX_OFFSET => Ok(Self { page, limit, status }),
            _ => Err(PAGE),
        }
    }

    /// The page, counted from 1.
    #[must_use]
    pub const fn page(self) -> u32 {
        self.page
    }

    /// The most that a page holds.
    #[must_use]
    pub const fn limit(self) -> Limit {
        self.limit
    }

    /// The word for the status, `all` for every one.
    #[must_use]
    pub fn status_word(self) -> &'static str {
        self.status.map_or("all", LeadStatus::as_str)
    }

    fn offset(self) -> i64 {
        i64::from(self.page.saturating_sub(1)) * i64::from(self.limit.get())
    }
}

/// One page of leads as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeadPage {
    /// The leads, the newest first.
    pub leads: Vec<Lead>,
    /// Where they stand in the whole list.
    pub pagination: Pagination,
}

/// Where a page stands in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// This page, counted from 1.
    pub page: u32,
    /// The most that a page holds.
    pub limit: Limit,
    /// All leads of that status.
    pub total: u64,
    /// The pages that they fill.
    pub total_pages: u64,
}

/// Lists a page of leads, the newest first.
///
/// # Errors
///
/// See [`DataError`].
pub async fn list(database: &Database, query: LeadQuery) -> Result<LeadPage, DataError> {
    let limit = i64::from(query.limit.get()).into();
    let offset = query.offset().into();
    let (leads, total) = match query.status.map(LeadStatus::as_str) {
        None => (
            database.fetch_all(&LIST, &[limit, offset]).await?,
            database.fetch_optional::<i64>(&COUNT, &[]).await?,
        ),
        Some(status) => (
            database.fetch_all(&LIST_BY_STATUS, &[limit, offset, status.into()]).await?,
            database.fetch_optional::<i64>(&COUNT_BY_STATUS, &[status.into()]).await?,
        ),
    };
    let total = u64::try_from(total.unwrap_or(0)).unwrap_or(0);
    let total_pages = total.div_ceil(u64::from(query.limit.get()));
    let pagination = Pagination { page: query.page, limit: query.limit, total, total_pages };
    Ok(LeadPage { leads, pagination })
}

/// Stores a new lead.
///
/// # Errors
///
/// See [`DataError`].
pub async fn create(database: &Database, lead: NewLead, now: Timestamp) -> Result<Lead, DataError> {
    let NewLead { name, email, company, phone, source } = lead;
    let status = LeadStatus::New;
    let id = LeadId::make(now);
    let values = [
        id.as_str().into(),
        name.as_str().into(),
        email.as_str().into(),
        company.as_deref().into(),
        phone.as_deref().into(),
        source.as_deref().into(),
        status.as_str().into(),
        now.into(),
    ];
    database.execute(&INSERT, &values).await?;
    Ok(Lead { id, name, email, company, phone, source, status, created_at: now })
}

impl FromRow for Lead {
    fn from_row(row: &Row<'_>) -> Result<Self, RowError> {
        Ok(Self {
            id: row.parse("id")?,
            name: row.get("name")?,
            email: row.parse("email")?,
            company: row.get("company")?,
            phone: row.get("phone")?,
            source: row.get("source")?,
            status: row.parse("status")?,
            created_at: row.timestamp("created_at")?,
        })
    }
}
