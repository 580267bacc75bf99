use std::time::{Duration, Instant};

use bartizan_probe::Redis;
use rustix::process::Signal;
use tempfile::TempDir;

use super::process::Program;
use crate::http::Connection;

/// What the fake platform takes for a list.
const PLATFORM: Duration = Duration::from_millis(800);

#[tokio::test]
async fn the_first_list_takes_as_long_as_the_platform_and_the_second_does_not() {
    let folder = TempDir::new().unwrap();
    let redis = Redis::start();
    for variables in [&[][..], &[("REDIS_URL", &*redis.url())], &[("REDIS_URL", "http://nowhere")]]
    {
        let program = Program::start(folder.path(), variables);
        let mut connection = Connection::open(program.address).await.unwrap();
        let begin = Instant::now();
        let first = connection.get("/api/workflows").await.unwrap();
        assert!(begin.elapsed() >= PLATFORM, "{:?}", begin.elapsed());
        let begin = Instant::now();
        let second = connection.get("/api/workflows").await.unwrap();
        // A release build on an idle machine takes less than 10 ms: `acceptance.sh` asks for that.
        assert!(begin.elapsed() < PLATFORM / 4, "{:?}", begin.elapsed());
        assert_eq!((first.status.as_u16(), first.body), (200, second.body));
        // Nobody who listens to Redis keeps the program from its end.
        program.signal(Signal::TERM);
        assert_eq!(program.end().code(), Some(0));
    }
}
