use std::time::Duration;

use async_trait::async_trait;
use bartizan_redis_link::{Arg, Value};

use super::listen::Listener;
use super::message::{self, Template};
use super::reply;
use super::script::Urgent;
use super::store::{RedisStore, millis, protocol};
use crate::{About, Backplane, Generation, Listen, Mark, Marks, Message, Opened, StoreError};

impl RedisStore {
    /// Runs a script over the control keys of a cache.
    async fn control(
        &self,
        script: &Urgent,
        cache: &str,
        tags: &[&str],
        args: impl IntoIterator<Item = Arg> + Send,
    ) -> Result<Value, StoreError> {
        let tags = tags.iter().map(|tag| self.names.tag(cache, tag));
        let keys: Vec<_> = [self.names.generation(cache), self.names.marks(cache)]
            .into_iter()
            .chain(tags)
            .collect();
        let args: Vec<_> = [millis(self.retention).into()].into_iter().chain(args).collect();
        Ok(self.scripts.run(&self.link, script, keys, args).await?)
    }
}

#[async_trait]
impl Backplane for RedisStore {
    fn is_available(&self) -> bool {
        self.is_connected()
    }

    fn instance(&self) -> u64 {
        self.instance
    }

    fn retention(&self) -> Duration {
        self.retention
    }

    async fn open(&self, cache: &str) -> Result<Opened, StoreError> {
        reply::opened(&self.control(&self.scripts.open, cache, &[], []).await?)
    }

    async fn issue(&self, cache: &str) -> Result<Generation, StoreError> {
        reply::generation(&self.control(&self.scripts.issue, cache, &[], []).await?)
    }

    async fn mark(
        &self,
        cache: &str,
        tag: Option<&str>,
        mark: Mark,
    ) -> Result<Generation, StoreError> {
        let raised = match mark {
            Mark::Remove => "removed",
            Mark::Expire => "expired",
        };
        let about = tag.map_or(About::All(mark), |tag| About::Tag { tag: tag.to_owned(), mark });
        let Template { before, after } = Template::new(self.instance, cache, &about);
        let channel = self.names.channel();
        let args = [Arg::from_static(raised), channel.into(), before.into(), after.into()];
        let tags = tag.as_slice();
        reply::generation(&self.control(&self.scripts.mark, cache, tags, args).await?)
    }

    async fn marks(
        &self,
        cache: &str,
        tags: &[&str],
        founded: Generation,
    ) -> Result<Vec<Marks>, StoreError> {
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let args = [founded.as_u64().into()];
        let marks = self.control(&self.scripts.marks, cache, tags, args).await?;
        reply::marks(&marks, tags.len())
    }

    async fn announce(&self, message: &Message) -> Result<(), StoreError> {
        self.link.publish(self.names.channel(), message::write(message)).await?;
        Ok(())
    }

    async fn lock(&self, name: &str, token: u64, keep: Duration) -> Result<bool, StoreError> {
        let args = [token, millis(keep)];
        let reply = self.link.run(&self.scripts.lock, [self.names.lock(name)], args).await?;
        reply.as_bool().ok_or_else(protocol)
    }

    async fn unlock(&self, name: &str, token: u64) -> Result<(), StoreError> {
        self.link.run(&self.scripts.unlock, [self.names.lock(name)], [token]).await?;
        Ok(())
    }

    fn listen(&self) -> Box<dyn Listen> {
        Box::new(Listener::new(self.link.subscribe([self.names.channel()])))
    }
}
