use std::fmt::Debug;

use bartizan_redis_link::{
    Arg, BreakerConfig, BreakerState, Command, Config, ConfigError, Epoch, EpochWatch, Event, Link,
    LinkError, LinkState, Observer, Outage, Outcome, Script, ServerError, Subscription, Value,
};

fn shared<T: Send + Sync + Unpin + Debug + 'static>() {}

fn future<F: Future + Send>(_: &F) {}

#[tokio::test]
async fn everything_can_be_shared_between_threads_and_shown() {
    shared::<Arg>();
    shared::<BreakerConfig>();
    shared::<BreakerState>();
    shared::<Command>();
    shared::<Config>();
    shared::<ConfigError>();
    shared::<Epoch>();
    shared::<EpochWatch>();
    shared::<Event>();
    shared::<Link>();
    shared::<LinkError>();
    shared::<LinkState>();
    shared::<Outage>();
    shared::<Outcome>();
    shared::<Script>();
    shared::<ServerError>();
    shared::<Subscription>();
    shared::<Value>();
    let _: Box<dyn Observer + Send + Sync> = Box::new(());

    let link = Link::connect(&Config::from_url("redis://127.0.0.1:1").unwrap());
    future(&link.command(Command::new("PING")));
    future(&link.run(&Script::new("return 1"), ["key"], [1]));
    future(&link.publish("channel", "payload"));
    future(&link.ready(std::time::Duration::ZERO));
    future(&link.subscribe(["channel"]).next());
    future(&link.watch_epoch().changed());
}
