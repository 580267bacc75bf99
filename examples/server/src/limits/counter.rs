use std::future::Ready;
use std::num::NonZeroUsize;
use std::time::Duration;

use bartizan_ratelimit_tiers::{
    Answer, Ask, Block, ClassId, GovernorStore, Manage, MemoryStore, Override, Penalty,
    RedisDecision, RedisStore, Store, StoreError, StoreErrorKind, Subject, SubjectHasher,
    Timestamp, Verdict,
};
use bartizan_redis_link::Link;
use futures_util::future::Either;
use sha2::{Digest, Sha256};

use crate::config::{Config, LimitStore, Sharing};
use crate::telemetry::TARGET;

/// As many addresses and accounts as the store of the crate has room for, roughly.
const GOVERNOR_SUBJECTS: NonZeroUsize = NonZeroUsize::new(500_000).unwrap();

/// How long the start waits for Redis, which has begun to connect long before.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where requests are counted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Counter {
    /// In this process.
    Memory(MemoryStore),
    /// In this process, by `governor`, which cannot be managed.
    Governor(GovernorStore),
    /// In Redis, for all instances.
    Redis(RedisStore),
}

impl Counter {
    /// Counts where the configuration says, and tells the log where that is.
    pub(crate) async fn open(config: &Config, redis: Option<&Link>) -> Self {
        if let (Sharing::ThroughRedis, Some(link)) = (config.limits.sharing, redis) {
            // Without waiting the first requests would be counted here. A Redis that is away is no
            // reason not to start; the link has logged why.
            if link.ready(PATIENCE).await.is_ok() {
                tracing::info!(target: TARGET, "{SHARED}");
            } else {
                tracing::warn!(target: TARGET, "{SHARED_LATER}");
            }
            return Self::Redis(RedisStore::new(link.clone(), &secret(config)));
        }
        if config.limits.instances.get() > 1 {
            tracing::warn!(target: TARGET, instances = config.limits.instances, "{ALONE}");
        } else {
            tracing::info!(target: TARGET, "{ALONE}");
        }
        match config.limits.store {
            LimitStore::Memory => Self::Memory(MemoryStore::new()),
            LimitStore::Governor => Self::Governor(GovernorStore::new(GOVERNOR_SUBJECTS)),
        }
    }

    /// The same counter, or one beside it where it cannot be managed.
    pub(crate) fn manageable(&self) -> Self {
        match self {
            Self::Governor(_) => Self::Memory(MemoryStore::new()),
            Self::Memory(_) | Self::Redis(_) => self.clone(),
        }
    }
}

const SHARED: &str = "limits are counted in Redis, for all instances";

const SHARED_LATER: &str = "limits will be counted in Redis, for all instances, once it is there; until then in this process";

const ALONE: &str =
    "limits are counted in this process: several instances share them only through Redis";

/// The secret that names are hashed with on their way to Redis: the same in all instances.
fn secret(config: &Config) -> [u8; 32] {
    // Public, like this program; production does not start without a key.
    const DEVELOPMENT: &str = "bartizan development";
    let key = config.encryption_key.as_ref().map_or(DEVELOPMENT, |key| key.expose());
    let labelled = Sha256::new().chain_update("bartizan rate limit subjects\0").chain_update(key);
    labelled.finalize().into()
}

impl Store for Counter {
    type Future = Either<Decided, RedisDecision>;

    fn decide(&self, ask: &Ask<'_>) -> Answer<Self::Future> {
        match self {
            Self::Memory(store) => at_once(store.decide(ask)),
            Self::Governor(store) => at_once(store.decide(ask)),
            Self::Redis(store) => match store.decide(ask) {
                Answer::Now(decided) => Answer::Now(decided),
                Answer::Later(decision) => Answer::Later(Either::Right(decision)),
            },
        }
    }

    fn hasher(&self) -> &SubjectHasher {
        match self {
            Self::Memory(store) => store.hasher(),
            Self::Governor(store) => store.hasher(),
            Self::Redis(store) => store.hasher(),
        }
    }
}

type Decided = Ready<Result<Verdict, StoreError>>;

fn at_once<F>(answer: Answer<Decided>) -> Answer<Either<Decided, F>>
where
    F: Future<Output = Result<Verdict, StoreError>>,
{
    match answer {
        Answer::Now(decided) => Answer::Now(decided),
        Answer::Later(decided) => Answer::Later(Either::Left(decided)),
    }
}

/// Delegates to the store; `governor` can do none of it.
macro_rules! delegate {
    ($(fn $name:ident($($argument:ident: $kind:ty),+) -> $answer:ty;)+) => {
        $(async fn $name(&self, $($argument: $kind),+) -> Result<$answer, StoreError> {
            match self {
                Self::Memory(store) => store.$name($($argument),+).await,
                Self::Redis(store) => store.$name($($argument),+).await,
                Self::Governor(_) => Err(StoreError::new(StoreErrorKind::Unsupported)),
            }
        })+
    };
}

impl Manage for Counter {
    delegate! {
        fn peek(ask: &Ask<'_>) -> Verdict;
        fn refund(ask: &Ask<'_>, taken: Timestamp) -> ();
        fn reset(subject: Subject, class: Option<ClassId>) -> ();
        fn block_until(subject: Subject, class: Option<ClassId>, until: Timestamp) -> ();
        fn penalty(subject: Subject, class: ClassId, penalty: &Penalty) -> Block;
        fn set_override(subject: Subject, class: ClassId, quota: Option<Override>) -> ();
    }
}
