//! How does one run go? Set up, drive while things fail, mend, ask again, compare.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use benches::{database::Database, site::Site};
use simulation::{
    auditor::{Auditor, Seen, Tally},
    workload::{Answer, Client, Command, Dice, Market},
};
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    calls::{self, Cut},
    cluster::Cluster,
    look,
    options::Options,
    plan::{Hand, Plan},
    proxy::Proxy,
};

/// Shoppers that ask at once.
const CLIENTS: u32 = 24;
/// So often a command is asked again before its outcome is left unknown.
const ATTEMPTS: u32 = 6;
const BEFORE_AGAIN: Duration = Duration::from_millis(60);
/// When all is quiet, what one process wrote is seen by the others.
const QUIET: Duration = Duration::from_millis(1_500);
/// Answered commands that are asked again at the end.
const ASKED_AGAIN: usize = 40;
/// The stream of a seed that decides how a client asks, away from what it asks.
const HOW: u32 = 1 << 21;

/// What came of a run.
pub struct Report {
    pub findings: Vec<String>,
    seed: u64,
    faults: u64,
    tally: Tally,
    took: Duration,
    clocks: bool,
}

impl Report {
    pub fn line(&self) -> String {
        let Tally {
            commands,
            done,
            refused,
            unknown,
        } = self.tally;
        let Self { seed, faults, .. } = self;
        let verdict = match self.findings.len() {
            0 => "kept its word".to_owned(),
            many => format!("{many} findings"),
        };
        let clocks = if self.clocks {
            ""
        } else {
            " (no clock jumped: faketime is not installed)"
        };
        format!(
            "seed {seed}: {faults} faults, {commands} commands: {done} done, {refused} refused, \
             {unknown} unknown, {:.1} s: {verdict}{clocks}",
            self.took.as_secs_f64()
        )
    }
}

/// All that the clients of a run share.
struct Drive {
    cluster: Cluster,
    market: Market,
    auditor: Mutex<Auditor>,
    seed: u64,
    asked: AtomicU64,
    commands: u64,
    over: watch::Sender<bool>,
}

/// # Errors
/// When the run cannot take place: no binary, no port, nothing that comes up at the start.
pub async fn run(
    options: &Options,
    seed: u64,
    database: Option<Arc<Database>>,
) -> Result<Report, String> {
    let begun = Instant::now();
    let (mut between, mut addresses) = (None, None);
    if let Some(database) = database {
        let address = database.for_run(seed)?;
        let proxy = Proxy::before(&address, seed).await?;
        addresses = Some((address, proxy.address().to_owned()));
        between = Some((database, proxy));
    }
    let hands = match between {
        Some(_) => &Hand::ALL[..],
        None => &Hand::WITHOUT_DATABASE[..],
    };
    let site = Site::new(&format!("faults-{seed}"), addresses)?;
    let clocks = site.faketime.is_some();
    let cluster = Cluster::new(site, options.processes, between)?;
    let market = Market::new(options.commands);
    cluster.start(0).await?;
    if let Some((client, _)) = cluster.callers.first() {
        calls::set_up(client, &market).await?;
    }
    for number in 1..options.processes {
        cluster.start(number).await?;
    }
    let drive = Arc::new(Drive {
        cluster,
        auditor: Mutex::new(Auditor::new(market.clone())),
        market,
        seed,
        asked: AtomicU64::new(0),
        commands: options.commands,
        over: watch::Sender::new(false),
    });
    let faults = drive.clone().fail_and_ask(options, hands).await;
    let findings = drive.settle().await;
    let auditor = drive.auditor.lock().await;
    let report = Report {
        seed,
        faults,
        tally: auditor.tally(),
        took: begun.elapsed(),
        clocks,
        findings,
    };
    let site = &drive.cluster.site;
    if report.findings.is_empty() {
        site.clear();
    } else {
        println!(
            "what is left of seed {seed} lies in {}",
            site.folder.display()
        );
    }
    Ok(report)
}

impl Drive {
    /// Clients and faults, until the time is over or enough was asked; how many faults there were.
    async fn fail_and_ask(self: Arc<Self>, options: &Options, hands: &[Hand]) -> u64 {
        let mut failing = JoinSet::new();
        for hand in hands {
            let drive = self.clone();
            let plan = Plan::new(self.seed, *hand, options.processes);
            let over = self.over.subscribe();
            failing.spawn(async move { drive.cluster.suffer(plan, over).await });
        }
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let drive = self.clone();
            clients.spawn(async move { drive.shop(number).await });
        }
        // The time is over, or all clients have asked what they had to.
        let _ = timeout(options.time, async {
            while clients.join_next().await.is_some() {}
        })
        .await;
        self.over.send_replace(true);
        while clients.join_next().await.is_some() {}
        failing.join_all().await.into_iter().sum()
    }

    async fn shop(&self, number: u32) {
        let mut client = Client::new(self.seed, number);
        let mut dice = Dice::new(self.seed, HOW + number);
        while !*self.over.borrow() && self.asked.fetch_add(1, Ordering::Relaxed) < self.commands {
            let command = client.next(&self.market);
            let answer = self.ask(&command, &mut dice).await;
            client.heard(&command, &answer);
        }
    }

    /// Asks until there is an answer, again and again with the same key, here and there.
    async fn ask(&self, command: &Command, dice: &mut Dice) -> Answer {
        let mut last = Answer::Unknown;
        for _ in 0..ATTEMPTS {
            last = self.ask_once(command, dice).await;
            self.auditor.lock().await.heard(command, &last);
            if !matches!(last, Answer::Unknown | Answer::Busy) {
                return last;
            }
            sleep(BEFORE_AGAIN).await;
        }
        last
    }

    async fn ask_once(&self, command: &Command, dice: &mut Dice) -> Answer {
        let callers = &self.cluster.callers;
        let Some((client, address)) = callers.get(dice.below(callers.len())) else {
            return Answer::Unknown;
        };
        let percent = dice.below(200) as u32;
        match self.cluster.cutting() {
            cutting if percent >= 2 * cutting => calls::ask(client, command).await,
            cutting => {
                let cut = if percent < cutting {
                    Cut::Request
                } else {
                    Cut::Answer
                };
                calls::ask_cut((address, &self.cluster.key), command, cut).await
            }
        }
    }

    /// Mends all, asks half of what is unknown again and some of what is known, and compares;
    /// then starts all anew and compares again.
    async fn settle(&self) -> Vec<String> {
        self.cluster.mend().await;
        let mut findings = self.ask_again().await;
        sleep(QUIET).await;
        let mut seen = self.look(&mut findings).await;
        findings.extend(self.cluster.stop().await);
        match self.cluster.start(0).await {
            Ok(()) => seen.extend(self.look_at(0, &mut findings).await),
            Err(why) => findings.push(why),
        }
        findings.extend(self.cluster.stop_one(0).await);
        findings.extend(self.auditor.lock().await.compare(&seen));
        match self.cluster.site.audit().await {
            Ok(wrong) => findings.extend(wrong),
            Err(why) => findings.push(format!("the store cannot be audited: {why}")),
        }
        findings
    }

    async fn ask_again(&self) -> Vec<String> {
        let mut dice = Dice::new(self.seed, HOW - 1);
        let (unknown, answered) = {
            let auditor = self.auditor.lock().await;
            (auditor.unknown(), auditor.answered())
        };
        let every = (answered.len() / ASKED_AGAIN).max(1);
        let again = unknown.iter().step_by(2);
        let mut findings = Vec::new();
        for command in again.chain(answered.iter().step_by(every)) {
            let answer = self.ask(command, &mut dice).await;
            if matches!(answer, Answer::Unknown | Answer::Busy) {
                let key = &command.key;
                findings.push(format!("all is quiet, and {key} is answered {answer:?}"));
            }
        }
        findings
    }

    async fn look(&self, findings: &mut Vec<String>) -> Vec<Seen> {
        let mut seen = Vec::new();
        for number in 0..self.cluster.callers.len() {
            seen.extend(self.look_at(number, findings).await);
        }
        seen
    }

    async fn look_at(&self, number: usize, findings: &mut Vec<String>) -> Option<Seen> {
        let (client, _) = self.cluster.callers.get(number)?;
        match look::look(client, &self.market).await {
            Ok(seen) => Some(seen),
            Err(why) => {
                findings.push(format!("process {number} does not tell: {why}"));
                None
            }
        }
    }
}
