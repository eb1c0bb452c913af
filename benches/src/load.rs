//! How is a server kept busy? By plain blocking connections of this process, each of which asks
//! again as soon as it was answered.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    thread,
    time::Instant,
};

/// Shoppers at the same time.
pub const SHOPPERS: usize = 48;

/// Collectors of events at the same time.
pub const COLLECTORS: usize = 2;

/// Sends every request once, over so many connections; how many answers hold the `needle`.
///
/// # Errors
/// When one is not answered, or with anything but 200.
pub fn drive(
    address: &str,
    (requests, connections): (&[Vec<u8>], usize),
    needle: &str,
) -> Result<usize, String> {
    let share = requests.len().div_ceil(connections).max(1);
    thread::scope(|scope| {
        let callers: Vec<_> = requests
            .chunks(share)
            .map(|mine| scope.spawn(move || call(address, mine, needle)))
            .collect();
        let answers = callers.into_iter().map(|caller| {
            let answer = caller.join();
            answer.unwrap_or_else(|_| Err("a caller broke off".to_owned()))
        });
        answers.sum()
    })
}

fn call(address: &str, requests: &[Vec<u8>], needle: &str) -> Result<usize, String> {
    let talk = || -> std::io::Result<usize> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let mut found = 0;
        for request in requests {
            reader.get_mut().write_all(request)?;
            let body = answer(&mut reader)?;
            let body = String::from_utf8_lossy(&body);
            found += usize::from(body.contains(needle));
        }
        Ok(found)
    };
    talk().map_err(|error| error.to_string())
}

/// Sends one request; the body of the answer.
///
/// # Errors
/// When it is not answered with 200.
pub fn one(address: &str, request: &[u8]) -> Result<Vec<u8>, String> {
    let talk = || -> std::io::Result<Vec<u8>> {
        let mut reader = BufReader::new(TcpStream::connect(address)?);
        reader.get_mut().write_all(request)?;
        answer(&mut reader)
    };
    talk().map_err(|error| error.to_string())
}

/// Sends one request after the other; the nanoseconds until each is answered. The first tenth only
/// warms.
///
/// # Errors
/// When one is not answered with 200.
pub fn timed(address: &str, requests: &[Vec<u8>]) -> Result<Vec<u64>, String> {
    let talk = || -> std::io::Result<Vec<u64>> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let warming = requests.iter().take(requests.len() / 10);
        let mut times = Vec::new();
        for request in warming.chain(requests) {
            let before = Instant::now();
            reader.get_mut().write_all(request)?;
            answer(&mut reader)?;
            times.push(u64::try_from(before.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        Ok(times.split_off(requests.len() / 10))
    };
    talk().map_err(|error| error.to_string())
}

fn answer(reader: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut status = String::new();
    reader.read_line(&mut status)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if status.contains(" 200 ") {
        return Ok(body);
    }
    let text = String::from_utf8_lossy(&body);
    Err(std::io::Error::other(format!("{status}{text}")))
}
