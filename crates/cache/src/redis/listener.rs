use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use deadpool_redis::redis::RedisResult;
use deadpool_redis::redis::aio::{PubSub, PubSubSink};
use futures_util::StreamExt as _;

use super::bus::Shared;
use super::unique::BackOff;

/// How often the connection is asked whether it still stands: a lost peer closes nothing.
const LOOK: Duration = Duration::from_secs(1);
/// How long a topic nobody listens to stays subscribed: players come back.
const LINGER: Duration = Duration::from_secs(30);
/// Topics per SUBSCRIBE.
const AT_ONCE: usize = 512;

/// Keeps a pub/sub connection, for as long as the bus lives.
pub(crate) async fn listen(shared: Arc<Shared>) {
    let mut back_off = BackOff::new();
    loop {
        if let Ok(pubsub) = shared.client.listen().await {
            let begun = Instant::now();
            session(&shared, pubsub).await;
            shared.listening.store(false, Ordering::Release);
            if begun.elapsed() > LOOK {
                back_off = BackOff::new();
            }
        }
        back_off.wait().await;
    }
}

/// One connection, until it ends.
async fn session(shared: &Shared, pubsub: PubSub) {
    let (sink, mut messages) = pubsub.split();
    let reading = async {
        while let Some(message) = messages.next().await {
            shared.receive(&message);
        }
    };
    let mut keeper = Keeper { shared, sink, subscribed: HashSet::new(), idle: VecDeque::new() };
    tokio::select! {
        () = reading => tracing::info!("the bus lost its connection"),
        ended = keeper.keep() => match ended {
            Ok(never) => match never {},
            Err(error) => tracing::info!(%error, "the bus gave its connection up"),
        },
    }
}

/// Keeps the connection's subscriptions what they should be.
struct Keeper<'a> {
    shared: &'a Shared,
    sink: PubSubSink,
    subscribed: HashSet<String>,
    /// Topics whose last listener left, and when.
    idle: VecDeque<(Instant, String)>,
}

impl Keeper<'_> {
    async fn keep(&mut self) -> RedisResult<std::convert::Infallible> {
        answered(self.sink.subscribe(&self.shared.losses)).await?;
        // Taken first: what is touched from here on is done again.
        self.shared.take_touched();
        self.subscribe(self.shared.topics.names()).await?;
        self.shared.rise();
        self.shared.listening.store(true, Ordering::Release);
        loop {
            match tokio::time::timeout(LOOK, self.shared.touch.notified()).await {
                Ok(()) => self.follow().await?,
                Err(_) => {
                    self.tidy().await?;
                    answered(self.sink.ping::<()>()).await?;
                }
            }
        }
    }

    async fn follow(&mut self) -> RedisResult<()> {
        let mut wanted = Vec::new();
        for topic in self.shared.take_touched() {
            match (self.shared.topics.has(&topic), self.subscribed.contains(&topic)) {
                (true, false) => wanted.push(topic),
                (false, true) => self.idle.push_back((Instant::now(), topic)),
                _ => {}
            }
        }
        self.subscribe(wanted).await
    }

    async fn subscribe(&mut self, topics: Vec<String>) -> RedisResult<()> {
        for some in topics.chunks(AT_ONCE) {
            let channels: Vec<_> = some.iter().map(|topic| self.shared.channel(topic)).collect();
            answered(self.sink.subscribe(channels)).await?;
            self.subscribed.extend(some.iter().cloned());
        }
        Ok(())
    }

    /// Leaves topics that nobody came back to.
    async fn tidy(&mut self) -> RedisResult<()> {
        while self.idle.front().is_some_and(|(left, _)| left.elapsed() >= LINGER) {
            let some: HashSet<_> = (0..AT_ONCE)
                .map_while(|_| self.idle.pop_front_if(|(left, _)| left.elapsed() >= LINGER))
                .map(|(_, topic)| topic)
                .filter(|topic| !self.shared.topics.has(topic) && self.subscribed.remove(topic))
                .collect();
            if !some.is_empty() {
                let channels: Vec<_> = some.iter().map(|topic| self.shared.channel(topic)).collect();
                // Taken up again meanwhile, it is touched, and no longer among the subscribed.
                answered(self.sink.unsubscribe(channels)).await?;
            }
        }
        Ok(())
    }
}

/// Subscriptions of a busy replica come in thousands: one second, not the commands' limit.
async fn answered<T>(request: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match tokio::time::timeout(Duration::from_secs(1), request).await {
        Ok(answer) => answer,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}
