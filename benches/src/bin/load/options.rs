//! What was asked for on the command line?

use std::{fmt, time::Duration};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Load,
    Soak,
}

/// What the processes keep their store in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub engine: Engine,
    pub processes: usize,
}

impl fmt::Display for Setting {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = match self.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        };
        write!(to, "{engine}-{}", self.processes)
    }
}

/// Those that are measured where nobody names one.
const ALL: [Setting; 3] = [
    Setting {
        engine: Engine::Sqlite,
        processes: 1,
    },
    Setting {
        engine: Engine::Postgres,
        processes: 1,
    },
    Setting {
        engine: Engine::Postgres,
        processes: 4,
    },
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub task: Task,
    /// At least one; the soak takes the first.
    pub settings: Vec<Setting>,
    /// Of one step.
    pub step: Duration,
    /// Of the soak.
    pub minutes: u64,
    pub customers: u64,
    pub seed: u64,
}

impl Options {
    /// # Errors
    /// Which word is not understood, or what cannot be measured.
    pub fn read(words: &[String]) -> Result<Self, String> {
        let mut words = words.iter().map(String::as_str);
        let task = match words.next() {
            Some("--load") => Task::Load,
            Some("--soak") => Task::Soak,
            _ => return Err("--load or --soak?".to_owned()),
        };
        let mut options = Self {
            task,
            settings: ALL.to_vec(),
            step: Duration::from_secs(10),
            minutes: 60,
            customers: 50_000,
            seed: 1,
        };
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("{name}: and what?"))?;
            options.set(name, value)?;
        }
        match options.settings.is_empty() {
            true => Err("SQLite is served by one process; PostgreSQL by 1 or 4".to_owned()),
            false => Ok(options),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = || match value.parse::<u64>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("{name}: {value} is not a whole number above 0")),
        };
        match name {
            "--store" if value == "sqlite" => self.only(|one| one.engine == Engine::Sqlite),
            "--store" if value == "postgres" => self.only(|one| one.engine == Engine::Postgres),
            "--processes" => {
                let processes = number()?;
                self.only(|one| one.processes as u64 == processes);
            }
            "--seconds" => self.step = Duration::from_secs(number()?),
            "--minutes" => self.minutes = number()?,
            "--customers" => self.customers = number()?,
            "--seed" => self.seed = number()?,
            _ => return Err(format!("{name} {value} is not understood")),
        }
        Ok(())
    }

    fn only(&mut self, is_asked: impl Fn(&Setting) -> bool) {
        self.settings.retain(is_asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<(&str, u64, u64), &str>) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let read = Options::read(&words).map(|read| {
            let settings: Vec<String> = read.settings.iter().map(Setting::to_string).collect();
            (settings.join(" "), read.step.as_secs(), read.minutes)
        });
        let expected = expected.map(|(settings, step, minutes)| (settings.into(), step, minutes));
        assert_eq!(read, expected.map_err(str::to_owned));
    }

    #[test]
    fn words_are_read() {
        check("--load", Ok(("sqlite-1 postgres-1 postgres-4", 10, 60)));
        check(
            "--load --seconds 2 --processes 1",
            Ok(("sqlite-1 postgres-1", 2, 60)),
        );
        check(
            "--soak --store postgres --processes 4 --minutes 1",
            Ok(("postgres-4", 10, 1)),
        );
        let one = "SQLite is served by one process; PostgreSQL by 1 or 4";
        check("--load --store sqlite --processes 4", Err(one));
        check("--load --processes 2", Err(one));
        check("", Err("--load or --soak?"));
        check("--load --seconds", Err("--seconds: and what?"));
        check(
            "--load --seconds 0",
            Err("--seconds: 0 is not a whole number above 0"),
        );
        check(
            "--load --store paper",
            Err("--store paper is not understood"),
        );
    }
}
