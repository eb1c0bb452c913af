//! How does a request reach a process? Over one of many connections, which are kept while they are
//! used; nothing of the answer is read but its status and its length.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::Semaphore,
};

/// Connections to one process at the same time; a request waits for one, and its shopper with it.
const CONNECTIONS: usize = 256;
/// The server hangs up on whoever asks nothing for ten seconds.
const IDLE: Duration = Duration::from_secs(5);
/// An answer's body is shorter.
const MAX_BODY: usize = 1 << 22;

pub struct Lines {
    doors: Vec<Door>,
    open: Arc<AtomicUsize>,
}

/// One process.
struct Door {
    address: String,
    idle: Mutex<Vec<Line>>,
    permits: Semaphore,
}

struct Line {
    stream: BufReader<TcpStream>,
    used: Instant,
    open: Arc<AtomicUsize>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lines {
    pub fn new(addresses: Vec<String>) -> Self {
        let door = |address| Door {
            address,
            idle: Mutex::default(),
            permits: Semaphore::new(CONNECTIONS),
        };
        Self {
            doors: addresses.into_iter().map(door).collect(),
            open: Arc::default(),
        }
    }

    /// Sends it to one of the processes, by turns of the number; the status of the answer.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn ask(&self, number: u64, request: &[u8]) -> io::Result<u16> {
        let place = number % self.doors.len().max(1) as u64;
        let door = self.doors.get(place as usize);
        let door = door.ok_or_else(|| io::Error::other("nobody serves"))?;
        let _permit = door.permits.acquire().await.map_err(io::Error::other)?;
        let mut line = match door.idle() {
            Some(line) => line,
            None => self.connect(door).await?,
        };
        line.stream.get_mut().write_all(request).await?;
        let (status, is_kept) = answer(&mut line.stream).await?;
        line.used = Instant::now();
        if is_kept {
            door.lock().push(line);
        }
        Ok(status)
    }

    async fn connect(&self, door: &Door) -> io::Result<Line> {
        let stream = TcpStream::connect(&door.address).await?;
        stream.set_nodelay(true)?;
        self.open.fetch_add(1, Ordering::Relaxed);
        Ok(Line {
            stream: BufReader::new(stream),
            used: Instant::now(),
            open: self.open.clone(),
        })
    }

    /// Connections that are open now; those nobody used for a while are closed first.
    pub fn open(&self) -> usize {
        for door in &self.doors {
            door.lock().retain(|line| line.used.elapsed() < IDLE);
        }
        self.open.load(Ordering::Relaxed)
    }
}

impl Door {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> Option<Line> {
        let line = self.lock().pop()?;
        (line.used.elapsed() < IDLE).then_some(line)
    }
}

/// Its status, and whether the connection may be used again.
async fn answer(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, bool)> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line.split_whitespace().nth(1);
    let status = status.and_then(|status| status.parse().ok());
    let status: u16 = status.ok_or(io::ErrorKind::UnexpectedEof)?;
    let (mut length, mut is_kept) = (0, true);
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let (name, value) = match line.trim_end() {
            "" => break,
            line => line.split_once(':').unwrap_or((line, "")),
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().map_err(io::Error::other)?;
        }
        let is_last = name.eq_ignore_ascii_case("connection") && value == "close";
        // Where such a body ends is not looked for.
        is_kept &= !is_last && !name.eq_ignore_ascii_case("transfer-encoding");
    }
    if length > MAX_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((status, is_kept))
}
