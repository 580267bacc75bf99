use bartizan_redis_link::Script;

/// The scripts of one store.
#[derive(Clone, Debug)]
pub(super) struct Scripts {
    pub(super) decide: Script,
    pub(super) manage: Script,
}

const CLOCK: &str = include_str!("script/clock.lua");
#[cfg(feature = "test-util")]
const CLOCK_KEY: &str = include_str!("script/clock_key.lua");
const STATE: &str = include_str!("script/state.lua");
const FAST: &str = include_str!("script/fast.lua");
const RECORD: &str = include_str!("script/record.lua");
const ALGORITHMS: &str = include_str!("script/algorithms.lua");
const CARRY: &str = include_str!("script/carry.lua");
const DECIDE: &str = include_str!("script/decide.lua");
const MANAGE: &str = include_str!("script/manage.lua");

impl Scripts {
    /// The scripts by the server's clock.
    pub(super) fn new() -> Self {
        Self::by_clock(CLOCK)
    }

    /// The scripts by a clock that stands in a key, in microseconds.
    #[cfg(feature = "test-util")]
    pub(super) fn by_clock_key(key: &str) -> Self {
        let now = format!("local now = tonumber(redis.call('GET', '{key}'))\n");
        Self::by_clock(&[CLOCK_KEY, &now].concat())
    }

    fn by_clock(clock: &str) -> Self {
        Self {
            decide: Script::new([clock, STATE, FAST, RECORD, ALGORITHMS, CARRY, DECIDE].concat()),
            manage: Script::new([clock, STATE, RECORD, MANAGE].concat()),
        }
    }
}
