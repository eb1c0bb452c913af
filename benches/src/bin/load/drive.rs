//! What happens when so many requests a second are due? An open loop: each is sent when it is due,
//! whatever became of those before, and its latency counts from then. A loop that waits for an
//! answer before it asks again leaves out those who would have come meanwhile ("coordinated
//! omission", Gil Tene, How NOT to Measure Latency, 2013 and 2015).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::{runtime::Handle, task::JoinSet, time::timeout_at};

use crate::{
    lines::Lines,
    mix::{Asked, Mix},
    schedule::Schedule,
};

/// Who is not answered so long after the end waits for nothing.
const PATIENCE: Duration = Duration::from_secs(2);
/// Microseconds that a histogram tells apart from longer ones: an hour.
const LONGEST: u64 = 3_600_000_000;
/// Decimal digits of a latency that are kept.
const DIGITS: u8 = 3;
const TOO_MANY: u16 = 429;
const UNAVAILABLE: u16 = 503;

/// Who is asked, and what was asked so far.
pub struct Target {
    pub lines: Lines,
    pub asked: Asked,
    pub seed: u64,
    /// Requests so far: no two are alike.
    numbers: AtomicU64,
    /// Steps so far: no two have the same schedule.
    steps: AtomicU64,
}

impl Target {
    pub fn new(lines: Lines, asked: Asked, seed: u64) -> Self {
        Self {
            lines,
            asked,
            seed,
            numbers: AtomicU64::new(0),
            steps: AtomicU64::new(0),
        }
    }
}

/// What is to come.
#[derive(Clone, Copy, Debug)]
pub struct Offered {
    pub mix: Mix,
    pub per_second: f64,
    pub lasts: Duration,
}

/// What came of it.
pub struct Heard {
    /// Requests that were due.
    pub due: u64,
    /// Answered with success.
    pub done: u64,
    /// Told to come again: 503, and 429 where too many writes wait.
    pub busy: u64,
    /// Any other answer, or a connection that failed.
    pub failed: u64,
    /// Not answered in time.
    pub unanswered: u64,
    /// Microseconds from when it was due, of those done; of those never answered, so long as was
    /// waited.
    pub latency: Histogram<u64>,
    /// Microseconds by which the driver itself was late.
    pub late: Histogram<u64>,
    /// From the beginning to the last answer, and at least as long as was planned.
    pub took: Duration,
}

/// Of one request.
struct Fate {
    latency: Duration,
    ended: Instant,
    kind: Kind,
}

enum Kind {
    Done,
    Busy,
    Failed,
    Unanswered,
}

impl Heard {
    fn new(lasts: Duration) -> Result<Self, String> {
        let empty = || Histogram::new_with_bounds(1, LONGEST, DIGITS);
        let empty = || empty().map_err(|error| error.to_string());
        Ok(Self {
            due: 0,
            done: 0,
            busy: 0,
            failed: 0,
            unanswered: 0,
            latency: empty()?,
            late: empty()?,
            took: lasts,
        })
    }

    /// Requests answered with success, a second.
    pub fn achieved(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64()
    }

    fn count(&mut self, begun: Instant, fate: &Fate) {
        let count = match fate.kind {
            Kind::Done => &mut self.done,
            Kind::Busy => &mut self.busy,
            Kind::Failed => &mut self.failed,
            Kind::Unanswered => &mut self.unanswered,
        };
        *count += 1;
        if matches!(fate.kind, Kind::Done | Kind::Unanswered) {
            self.latency.saturating_record(micros(fate.latency));
            self.took = self.took.max(fate.ended.duration_since(begun));
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Sends all that is due, and waits for the answers.
///
/// # Errors
/// When the driver breaks off.
pub async fn offer(target: &Arc<Target>, offered: Offered) -> Result<Heard, String> {
    let target = target.clone();
    let runtime = Handle::current();
    // A thread sleeps more exactly than the runtime's timer, which ticks by milliseconds.
    let sent = tokio::task::spawn_blocking(move || send(&target, offered, &runtime));
    let mut sent = sent.await.map_err(|error| error.to_string())??;
    while let Some(fate) = sent.waiting.join_next().await {
        let fate = fate.map_err(|error| error.to_string())?;
        sent.heard.count(sent.begun, &fate);
    }
    Ok(sent.heard)
}

struct Sent {
    begun: Instant,
    heard: Heard,
    waiting: JoinSet<Fate>,
}

fn send(target: &Arc<Target>, offered: Offered, runtime: &Handle) -> Result<Sent, String> {
    let Offered {
        mix,
        per_second,
        lasts,
    } = offered;
    let stream = target.steps.fetch_add(1, Ordering::Relaxed) as u32;
    let schedule = Schedule::new((target.seed, stream), per_second);
    let mut heard = Heard::new(lasts)?;
    let mut waiting = JoinSet::new();
    let begun = Instant::now();
    let until = begun + lasts + PATIENCE;
    for due in schedule.take_while(|at| *at < lasts).map(|at| begun + at) {
        let number = target.numbers.fetch_add(1, Ordering::Relaxed);
        let request = mix.request(&target.asked, number);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        heard.late.saturating_record(micros(due.elapsed()));
        heard.due += 1;
        let asked = ask(target.clone(), (number, request), (due, until));
        waiting.spawn_on(asked, runtime);
        while let Some(Ok(fate)) = waiting.try_join_next() {
            heard.count(begun, &fate);
        }
    }
    Ok(Sent {
        begun,
        heard,
        waiting,
    })
}

async fn ask(
    target: Arc<Target>,
    (number, request): (u64, Vec<u8>),
    (due, until): (Instant, Instant),
) -> Fate {
    let answer = timeout_at(until.into(), target.lines.ask(number, &request)).await;
    let ended = Instant::now();
    let kind = match answer {
        Ok(Ok(200..300)) => Kind::Done,
        Ok(Ok(TOO_MANY | UNAVAILABLE)) => Kind::Busy,
        Ok(_) => Kind::Failed,
        Err(_) => Kind::Unanswered,
    };
    Fate {
        latency: ended.duration_since(due),
        ended,
        kind,
    }
}
