//! Reading the bodies of requests, so that a slow client costs only itself.
//!
//! A body takes memory for the bytes that have arrived, not for those that are announced. If there is
//! no place or memory for another body, the one that has made no progress for longest is given up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// What has to arrive to count as progress, unless it completes the body, in bytes.
const PROGRESS: usize = 16 * 1024;
/// A body is not given up for another one before it has made no progress for this long.
const GRACE: Duration = Duration::from_millis(50);
/// How long a body waits for a place or memory before it looks for another body to give up.
const INTERVAL: Duration = Duration::from_millis(10);
/// How often it does so. Together this is longer than [`GRACE`].
const ATTEMPTS: u32 = 25;

/// Limits on bodies.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a server needs all of them")]
pub struct BodyBounds {
    /// How many bodies may be in memory at the same time.
    pub places: usize,
    /// How much memory they may have together, in KiB.
    pub kibibytes: usize,
    /// How long a body may make no progress, which is 16 KiB or its end.
    pub timeout: Duration,
    /// How much is kept of a body that is too large, in bytes.
    pub beginning: usize,
}

/// The bodies that are in memory.
#[derive(Debug)]
pub struct Bodies {
    bounds: BodyBounds,
    /// A permit for each body.
    places: Arc<Semaphore>,
    /// A permit for each KiB of them.
    memory: Arc<Semaphore>,
    arriving: Mutex<Arriving>,
}

/// The bodies that have not arrived completely, by a number that is never used again.
#[derive(Debug, Default)]
struct Arriving {
    next: u64,
    bodies: HashMap<u64, Progress>,
}

#[derive(Debug)]
struct Progress {
    since: Instant,
    give_up: Arc<Notify>,
}

/// What was received of a body.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a body is within the limit or not")]
pub enum Received {
    /// All of it, within the limit.
    Whole(Vec<u8>, Place),
    /// A body beyond the limit: its beginning.
    Oversized(Vec<u8>),
}

/// The reason why a body was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a program answers each in its own way")]
pub enum BodyError {
    /// There is no place or no memory for it.
    Busy,
    /// It made no progress, or others needed its place.
    Slow,
    /// The connection ended before the body was complete.
    Broken,
}

/// The place and the memory of a body, released when it is dropped.
#[derive(Debug)]
pub struct Place {
    _place: OwnedSemaphorePermit,
    memory: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// No bodies yet.
    #[must_use]
    pub fn new(bounds: BodyBounds) -> Self {
        Self {
            bounds,
            places: Arc::new(Semaphore::new(bounds.places)),
            memory: Arc::new(Semaphore::new(bounds.kibibytes)),
            arriving: Mutex::default(),
        }
    }

    /// Reads a body of at most `limit` bytes. The rest of one that is too large is read and dropped,
    /// since a client that writes all of its request first would otherwise not see the answer.
    ///
    /// How long a body may take that makes progress is up to the caller, who can drop this future at
    /// any time.
    ///
    /// # Errors
    ///
    /// There is no room for it, it makes no progress, or it ends too early.
    pub async fn read(&self, mut body: Body, limit: usize) -> Result<Received, BodyError> {
        let place = self.take(&self.places, 1).await?;
        let mut place = Place { _place: place, memory: None };
        let mut arrival = self.begin();
        let mut bytes = Vec::new();
        while let Some(data) = arrival.next(&mut body).await? {
            if bytes.len() + data.len() > limit {
                let missing = self.bounds.beginning.saturating_sub(bytes.len());
                bytes.extend_from_slice(data.get(..missing).unwrap_or(&data));
                bytes.truncate(self.bounds.beginning);
                bytes.shrink_to_fit();
                drop((data, place));
                // The answer is the same if the rest does not come.
                while let Ok(Some(_)) = arrival.next(&mut body).await {}
                return Ok(Received::Oversized(bytes));
            }
            self.grow(&mut place, bytes.len() + data.len()).await?;
            bytes.extend_from_slice(&data);
        }
        Ok(Received::Whole(bytes, place))
    }

    /// Takes more memory for a body that has now this length.
    async fn grow(&self, place: &mut Place, length: usize) -> Result<(), BodyError> {
        let taken = place.memory.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = length.div_ceil(1024) - taken;
        if more > 0 {
            let more = self.take(&self.memory, more).await?;
            match &mut place.memory {
                Some(memory) => memory.merge(more),
                none => *none = Some(more),
            }
        }
        Ok(())
    }

    /// Takes permits, if necessary from bodies that make no progress.
    async fn take(
        &self,
        semaphore: &Arc<Semaphore>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, BodyError> {
        let permits = u32::try_from(permits).map_err(|_| BodyError::Busy)?;
        if let Ok(permits) = Arc::clone(semaphore).try_acquire_many_owned(permits) {
            return Ok(permits);
        }
        for _ in 0..ATTEMPTS {
            self.give_up_one();
            let acquired = Arc::clone(semaphore).acquire_many_owned(permits);
            if let Ok(Ok(permits)) = timeout_at(Instant::now() + INTERVAL, acquired).await {
                return Ok(permits);
            }
        }
        Err(BodyError::Busy)
    }

    /// Gives up the body that has made no progress for longest, if for long enough.
    fn give_up_one(&self) {
        let now = Instant::now();
        let mut arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = arriving.bodies.iter().min_by_key(|(_, body)| body.since);
        let given_up = oldest.filter(|(_, body)| body.since + GRACE <= now).map(|(id, _)| *id);
        if let Some(body) = given_up.and_then(|id| arriving.bodies.remove(&id)) {
            body.give_up.notify_one();
        }
    }

    fn begin(&self) -> Arrival<'_> {
        let give_up = Arc::new(Notify::new());
        let since = Instant::now();
        let mut arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        let id = arriving.next;
        arriving.next += 1;
        arriving.bodies.insert(id, Progress { since, give_up: Arc::clone(&give_up) });
        Arrival { bodies: self, id, since, unnoted: 0, give_up }
    }
}

/// A body that arrives.
struct Arrival<'b> {
    bodies: &'b Bodies,
    id: u64,
    /// The time of the last progress.
    since: Instant,
    /// The bytes since then.
    unnoted: usize,
    give_up: Arc<Notify>,
}

impl Arrival<'_> {
    /// The next bytes; `None` at the end.
    async fn next(&mut self, body: &mut Body) -> Result<Option<Bytes>, BodyError> {
        loop {
            let frame = tokio::select! {
                () = self.give_up.notified() => return Err(BodyError::Slow),
                frame = timeout_at(self.since + self.bodies.bounds.timeout, body.frame()) => frame,
            };
            match frame {
                Err(_) => return Err(BodyError::Slow),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(BodyError::Broken),
                Ok(Some(Ok(frame))) => {
                    // Trailers are no part of the body.
                    if let Ok(data) = frame.into_data() {
                        self.note(data.len());
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    fn note(&mut self, length: usize) {
        self.unnoted += length;
        if self.unnoted >= PROGRESS {
            (self.unnoted, self.since) = (0, Instant::now());
            let mut arriving = self.bodies.arriving.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(body) = arriving.bodies.get_mut(&self.id) {
                body.since = self.since;
            }
        }
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut arriving = self.bodies.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        arriving.bodies.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::time::Duration;

    use axum::body::{Body, Bytes};
    use http_body_util::channel::{Channel, Sender};
    use tokio::time::{Instant, sleep};

    use super::{Bodies, BodyBounds, BodyError, Received};

    const LIMIT: usize = 1 << 20;
    const BEGINNING: usize = 64 * 1024;

    fn bodies(places: usize, kibibytes: usize) -> Arc<Bodies> {
        let timeout = Duration::from_secs(2);
        Arc::new(Bodies::new(BodyBounds { places, kibibytes, timeout, beginning: BEGINNING }))
    }

    /// A body that a test sends piece by piece.
    fn body() -> (Sender<Bytes, Infallible>, Body) {
        let (sender, channel) = Channel::new(16);
        (sender, Body::new(channel))
    }

    type Reading = tokio::task::JoinHandle<Result<Received, BodyError>>;

    fn read(bodies: &Arc<Bodies>, body: Body) -> Reading {
        let bodies = Arc::clone(bodies);
        tokio::spawn(async move { bodies.read(body, LIMIT).await })
    }

    async fn result(reading: Reading) -> Result<Received, BodyError> {
        reading.await.expect("no panic")
    }

    async fn send(sender: &mut Sender<Bytes, Infallible>, length: usize) {
        sender.send_data(vec![b'x'; length].into()).await.expect("it is read");
    }

    #[tokio::test(start_paused = true)]
    async fn announced_body_takes_no_memory() {
        let bodies = bodies(10, 1);
        let (_open, stalled) = body();
        let stalled = read(&bodies, stalled);
        let small = result(read(&bodies, Body::from("small"))).await;
        assert!(matches!(small, Ok(Received::Whole(bytes, _)) if bytes == b"small"));
        assert_eq!(result(stalled).await.err(), Some(BodyError::Slow));
    }

    #[tokio::test(start_paused = true)]
    async fn body_without_progress_ends() {
        let bodies = bodies(1, 100);
        let (mut sender, slow) = body();
        let slow = read(&bodies, slow);
        let started = Instant::now();
        while !slow.is_finished() {
            // A byte now and then is no progress.
            drop(sender.send_data(Bytes::from_static(b"x")).await);
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(result(slow).await.err(), Some(BodyError::Slow));
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn body_with_progress_may_take_long() {
        let bodies = bodies(1, 1000);
        let (mut sender, steady) = body();
        let steady = read(&bodies, steady);
        for _ in 0..20 {
            send(&mut sender, super::PROGRESS).await;
            sleep(Duration::from_secs(1)).await;
        }
        drop(sender);
        let received = result(steady).await;
        assert!(
            matches!(received, Ok(Received::Whole(bytes, _)) if bytes.len() == 20 * super::PROGRESS)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn stalled_body_gives_way_for_a_place_and_for_memory() {
        for bodies in [bodies(1, 1000), bodies(10, 20)] {
            let (mut sender, stalled) = body();
            let stalled = read(&bodies, stalled);
            send(&mut sender, 10 * 1024).await;
            sleep(super::GRACE).await;
            let other = result(read(&bodies, Body::from(vec![b'x'; 11 * 1024]))).await;
            assert!(matches!(other, Ok(Received::Whole(..))), "{other:?}");
            assert_eq!(result(stalled).await.err(), Some(BodyError::Slow));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn complete_body_keeps_its_place() {
        let bodies = bodies(1, 1000);
        let whole = result(read(&bodies, Body::from("whole"))).await;
        let other = result(read(&bodies, Body::from("other"))).await;
        assert_eq!(other.err(), Some(BodyError::Busy));
        drop(whole);
        assert!(result(read(&bodies, Body::from("other"))).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn oversized_body_is_read_to_its_end() {
        let bodies = bodies(1, 10_000);
        let (mut sender, large) = body();
        let large = read(&bodies, large);
        for _ in 0..40 {
            send(&mut sender, LIMIT / 16).await;
        }
        drop(sender);
        match result(large).await {
            Ok(Received::Oversized(beginning)) => {
                assert_eq!(beginning.len(), BEGINNING);
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn body_that_breaks_off() {
        let (sender, channel) = Channel::<Bytes, std::io::Error>::new(1);
        sender.abort(std::io::ErrorKind::UnexpectedEof.into());
        let broken = read(&bodies(1, 100), Body::new(channel));
        assert_eq!(result(broken).await.err(), Some(BodyError::Broken));
    }
}
