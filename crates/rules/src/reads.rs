//! Which facts does anybody read? What nobody reads is neither told nor kept.

use crate::{Facts, LINES, Path, Value};

/// The facts that some conditions read: those of the moment, and `line.…` of a line.
///
/// Made of the paths that [`Condition::reads`](crate::Condition::reads) gives, or of every path
/// there may be, for those who read whatever is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads(Which);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Everything,
    /// Ascending, each once.
    Only(Vec<Path>),
}

impl Reads {
    #[must_use]
    pub const fn everything() -> Self {
        Self(Which::Everything)
    }

    #[must_use]
    pub const fn nothing() -> Self {
        Self(Which::Only(Vec::new()))
    }

    /// The paths that are visited, each as often as it likes: for what is gathered while somebody
    /// waits, out of many conditions that read the same few facts.
    #[must_use]
    pub fn visited(visits: impl FnOnce(&mut dyn FnMut(&Path))) -> Self {
        let mut paths: Vec<Path> = Vec::new();
        visits(&mut |path| {
            if let Err(at) = paths.binary_search(path) {
                paths.insert(at, path.clone());
            }
        });
        Self(Which::Only(paths))
    }

    /// Whether somebody reads the fact.
    #[must_use]
    pub fn wants(&self, path: &str) -> bool {
        match &self.0 {
            Which::Everything => true,
            Which::Only(paths) => find(paths, path).is_some(),
        }
    }

    /// The path of a fact that somebody reads: shared, not written anew.
    #[must_use]
    pub fn path(&self, path: &str) -> Option<Path> {
        match &self.0 {
            Which::Everything => Some(path.into()),
            Which::Only(paths) => find(paths, path).cloned(),
        }
    }

    /// Whether somebody reads a fact whose path begins so.
    #[must_use]
    pub fn wants_under(&self, prefix: &str) -> bool {
        match &self.0 {
            Which::Everything => true,
            Which::Only(paths) => {
                let first = paths.partition_point(|known| known.as_str() < prefix);
                let first = paths.get(first);
                first.is_some_and(|path| path.as_str().starts_with(prefix))
            }
        }
    }

    /// Whether somebody asks about the lines of the order, be it only how many there are.
    #[must_use]
    pub fn wants_lines(&self) -> bool {
        self.wants(LINES)
    }
}

fn find<'p>(paths: &'p [Path], path: &str) -> Option<&'p Path> {
    let at = paths.binary_search_by(|known| known.as_str().cmp(path));
    paths.get(at.ok()?)
}

impl FromIterator<Path> for Reads {
    fn from_iter<I: IntoIterator<Item = Path>>(paths: I) -> Self {
        let mut paths: Vec<Path> = paths.into_iter().collect();
        paths.sort_unstable();
        paths.dedup();
        Self(Which::Only(paths))
    }
}

/// Facts while they are told: what nobody reads is passed over, and costs nothing to make.
#[derive(Debug)]
pub struct Telling<'r> {
    reads: &'r Reads,
    facts: Facts,
}

impl<'r> Telling<'r> {
    #[must_use]
    pub fn to(reads: &'r Reads) -> Self {
        let facts = Facts::default();
        Self { reads, facts }
    }

    /// Tells a value, where somebody reads it. Where two are told under one path, the later wins.
    pub fn tell(&mut self, path: &str, value: impl Into<Value>) {
        if let Some(path) = self.reads.path(path) {
            self.facts.set(path, value);
        }
    }

    /// Tells what is found, which is looked for only where somebody reads it.
    pub fn find<V: Into<Value>>(&mut self, path: &str, find: impl FnOnce() -> Option<V>) {
        if let Some(path) = self.reads.path(path)
            && let Some(value) = find()
        {
            self.facts.set(path, value);
        }
    }

    /// Tells on what is known already.
    pub fn pass_on(&mut self, known: &Facts) {
        for (path, value) in known.iter() {
            if self.reads.wants(path.as_str()) {
                self.facts.set(path.clone(), value);
            }
        }
    }

    /// Who is told.
    #[must_use]
    pub fn reads(&self) -> &'r Reads {
        self.reads
    }

    #[must_use]
    pub fn done(self) -> Facts {
        self.facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn reads() -> Reads {
        let rule = parse(
            "customer.affinity.category.tea > 5 && now > timestamp('2026-01-01T00:00:00Z') \
             && order.lines.exists(line, line.sku == 'pot')",
        );
        rule.unwrap().reads().into_iter().collect()
    }

    /// A path, and whether it is read itself and whether anything that begins so is.
    #[track_caller]
    fn check(path: &str, is_read: bool, is_begun: bool) {
        let reads = reads();
        assert_eq!(reads.wants(path), is_read, "{path}");
        assert_eq!(reads.wants_under(path), is_begun, "{path}");
        let all = Reads::everything();
        assert!(all.wants(path) && all.wants_under(path));
    }

    #[test]
    fn what_conditions_read_is_wanted_and_no_more() {
        check("customer.affinity.category.tea", true, true);
        check("customer.affinity.category.", false, true);
        check("customer.affinity.category.te", false, true);
        check("customer.affinity.category.teas", false, false);
        check("customer.affinity.brand.", false, false);
        check("line.sku", true, true);
        check("line.category", false, false);
        check("now", true, true);
        check("", false, true);
        check("zone", false, false);
    }

    #[test]
    fn lines_are_wanted_where_a_condition_asks_about_them() {
        assert!(reads().wants_lines());
        assert!(Reads::everything().wants_lines());
        let of_a_line = Reads::from_iter(["line.sku".into()]);
        assert!(!of_a_line.wants_lines());
        assert!(!Reads::nothing().wants_lines());
    }

    #[test]
    fn a_telling_takes_down_what_is_read() {
        let reads = reads();
        let mut telling = Telling::to(&reads);
        telling.tell("now", Value::Time(1));
        telling.tell("now", Value::Time(2));
        telling.tell("customer.tier", "gold");
        telling.find("customer.orders", || -> Option<i64> {
            panic!("nobody reads it")
        });
        telling.find("line.sku", || None::<i64>);
        assert_eq!(telling.done(), Facts::from_iter([("now", Value::Time(2))]));
    }
}
