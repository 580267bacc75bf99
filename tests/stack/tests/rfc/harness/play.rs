use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::case::Case;
use super::check::Seen;
use super::client;
use super::origin::Origin;
use super::wire::Message;

/// How many cases run at once.
const CONCURRENCY: usize = 48;
/// For how long something that happens in the background is waited for.
const BACKGROUND: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(10);
const SETTLED: Duration = Duration::from_millis(30);

/// A case and what went wrong in it, if anything did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) case: Case,
    pub(crate) failure: Option<String>,
    /// What went wrong beside the other cases, and not when it was played alone.
    pub(crate) beside: Option<String>,
}

/// Plays the cases through a proxy whose upstream is the origin: all beside one another, and then
/// alone what failed, since a cache may give up storing for what another request does.
pub(crate) async fn play(origin: &Origin, proxy: SocketAddr, cases: Vec<Case>) -> Vec<Outcome> {
    // A proxy that was measured before may still know the paths of that run.
    let run = format!("{:x}", std::process::id());
    let places = Arc::new(Semaphore::new(CONCURRENCY));
    let mut playing = JoinSet::new();
    for (index, case) in cases.into_iter().enumerate() {
        let player = Player { origin: origin.clone(), proxy, path: format!("/{run}/{index}") };
        let places = Arc::clone(&places);
        playing.spawn(async move {
            let _place = places.acquire().await;
            let failure = player.play(&case).await.err();
            (index, Outcome { case, failure, beside: None })
        });
    }
    let mut outcomes = playing.join_all().await;
    outcomes.sort_by_key(|(index, _)| *index);
    for (index, outcome) in &mut outcomes {
        if outcome.failure.is_some() {
            let path = format!("/{run}/{index}-alone");
            let player = Player { origin: origin.clone(), proxy, path };
            let alone = player.play(&outcome.case).await.err();
            let beside = std::mem::replace(&mut outcome.failure, alone);
            outcome.beside = beside.filter(|_| outcome.failure.is_none());
        }
    }
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

struct Player {
    origin: Origin,
    proxy: SocketAddr,
    path: String,
}

impl Player {
    async fn play(&self, case: &Case) -> Result<(), String> {
        let answers = case.steps.iter().map(|step| step.answer.clone()).collect();
        self.origin.learn(&self.path, answers);
        for number in 1..=case.steps.len() {
            let said = self.step(case, number).await;
            said.map_err(|failure| format!("step {number}: {failure}"))?;
        }
        Ok(())
    }

    async fn step(&self, case: &Case, number: usize) -> Result<(), String> {
        let step = &case.steps[number - 1];
        // A proxy may give a response to its end and store it right after.
        sleep(step.wait.max(SETTLED)).await;
        let deadline = Instant::now() + BACKGROUND;
        loop {
            let checked = self.attempt(case, number).await;
            if checked.is_ok() || !step.eventually || Instant::now() > deadline {
                checked?;
                break;
            }
            sleep(PAUSE).await;
        }
        while step.background && self.origin.asked(&self.path, number).is_empty() {
            if Instant::now() > deadline {
                return Err("the origin was not asked in the background".to_owned());
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Sends the step's requests at once and checks each response.
    async fn attempt(&self, case: &Case, number: usize) -> Result<(), String> {
        let step = &case.steps[number - 1];
        self.origin.begin(&self.path, number);
        let mut sending = JoinSet::new();
        for _ in 0..step.copies {
            let (proxy, path, step) = (self.proxy, self.path.clone(), step.clone());
            sending.spawn(async move { client::send(proxy, &path, &step).await });
        }
        let responses = sending.join_all().await;
        // What is asked in the background has no part in the check.
        let asked =
            if step.background { Vec::new() } else { self.origin.asked(&self.path, number) };
        let host = self.proxy.to_string();
        responses.iter().try_for_each(|response: &Option<Message>| {
            let (path, host, response) = (self.path.as_str(), host.as_str(), response.as_ref());
            Seen { case, number, path, host, response, asked: &asked }.check(step)
        })
    }
}
