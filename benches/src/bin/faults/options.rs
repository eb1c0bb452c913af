//! What was asked for on the command line?

use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Of the first run; each following run has the next.
    pub seed: u64,
    pub runs: usize,
    pub store: Store,
    pub processes: usize,
    pub time: Duration,
    /// So many are asked, and the limits of the market are in proportion.
    pub commands: u64,
}

/// What the processes keep their store in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    /// A cluster that is made for the runs, and restarted at will.
    OwnPostgres,
    /// The address of an empty database.
    Postgres(String),
}

impl Options {
    /// # Errors
    /// Which word is not understood.
    pub fn read(words: &[String]) -> Result<Self, String> {
        let mut options = Self {
            seed: 1,
            runs: 1,
            store: Store::Sqlite,
            processes: 1,
            time: Duration::from_secs(60),
            commands: 5_000,
        };
        let mut words = words.iter().map(String::as_str);
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("{name}: and what?"))?;
            options.set(name, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = || -> Result<u64, String> {
            let number = value.parse();
            number.map_err(|_| format!("{name}: {value} is not a whole number"))
        };
        let many = || usize::try_from(number()?).map_err(|error| error.to_string());
        match name {
            "--seed" => self.seed = number()?,
            "--runs" => self.runs = many()?,
            "--processes" => self.processes = many()?.max(1),
            "--seconds" => self.time = Duration::from_secs(number()?),
            "--commands" => self.commands = number()?,
            "--store" if value == "sqlite" => self.store = Store::Sqlite,
            "--store" if value == "postgres" => self.store = Store::OwnPostgres,
            "--store" if value.starts_with("postgres") => {
                self.store = Store::Postgres(value.to_owned());
            }
            _ => return Err(format!("{name} {value} is not understood")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<(u64, usize, usize), &str>) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let read = Options::read(&words);
        let read = read.map(|read| (read.seed, read.runs, read.processes));
        assert_eq!(read, expected.map_err(str::to_owned));
    }

    #[test]
    fn words_are_read() {
        check("", Ok((1, 1, 1)));
        check("--seed 7 --runs 200 --processes 4", Ok((7, 200, 4)));
        check("--store postgres://localhost/x", Ok((1, 1, 1)));
        check("--seed", Err("--seed: and what?"));
        check("--seed x", Err("--seed: x is not a whole number"));
        check("--store paper", Err("--store paper is not understood"));
    }
}
