//! Which calls does Voucherify's protocol have, and which of them are worth serving?

/// A call of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What it stands with.
    pub group: &'static str,
    pub method: &'static str,
    /// With names in braces.
    pub path: &'static str,
    pub purpose: &'static str,
}

/// What is worth serving, group by group: lines of `# group` and of `METHOD path | purpose`.
const LIST: &str = include_str!("endpoints.txt");

/// What is not, in lines alike: a client that knows it is told so.
const LEFT_OUT: &str = include_str!("left_out.txt");

/// Every call that is worth serving.
pub fn endpoints() -> impl Iterator<Item = Endpoint> {
    read(LIST)
}

/// Every other call of the protocol.
pub fn left_out() -> impl Iterator<Item = Endpoint> {
    read(LEFT_OUT)
}

fn read(list: &'static str) -> impl Iterator<Item = Endpoint> {
    let mut group = "";
    list.lines().filter_map(move |line| {
        if let Some(name) = line.strip_prefix("# ") {
            group = name;
            return None;
        }
        let (call, purpose) = line.split_once(" | ")?;
        let (method, path) = call.split_once(' ')?;
        Some(Endpoint {
            group,
            method,
            path,
            purpose,
        })
    })
}

/// The call that a request means, if it is one of the protocol.
#[must_use]
pub fn endpoint_of(method: &str, path: &str) -> Option<Endpoint> {
    let all = || {
        endpoints()
            .chain(left_out())
            .filter(|one| one.method == method)
    };
    // A word of the protocol before a name that could be anything.
    let exact = all().find(|one| one.path == path);
    exact.or_else(|| all().find(|one| is_like(one.path, path)))
}

fn is_like(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(name), Some(step)) if name.starts_with('{') && !step.is_empty() => {}
            (Some(name), Some(step)) if name == step => {}
            _ => return false,
        }
    }
}

impl Endpoint {
    /// Its path without the names that stand in for others.
    #[must_use]
    pub fn shape(&self) -> String {
        shape(self.path)
    }
}

/// A path whose names in braces are all called alike.
#[must_use]
pub fn shape(path: &str) -> String {
    let steps = path.split('/');
    let steps = steps.map(|step| if step.starts_with('{') { "{}" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, expected: Option<&str>) {
        let found = endpoint_of(method, path).map(|one| one.path);
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn a_request_means_a_call() {
        check("GET", "/v1/vouchers/TEN", Some("/v1/vouchers/{code}"));
        check("POST", "/v1/vouchers/import", Some("/v1/vouchers/import"));
        check(
            "GET",
            "/v1/vouchers/TEN/redemption",
            Some("/v1/vouchers/{code}/redemption"),
        );
        check(
            "POST",
            "/v1/vouchers/qualification",
            Some("/v1/vouchers/qualification"),
        );
        check("GET", "/v1/locations/x", Some("/v1/locations/{locationId}"));
        check("PATCH", "/v1/vouchers/TEN", None);
        check("GET", "/v1/vouchers/", None);
        check("GET", "/v1/vouchers/TEN/redemption/more", None);
        check("GET", "/v1/nothing", None);
        check("GET", "/", None);
    }

    fn check_list(list: &'static str, expected: usize) {
        let all: Vec<_> = read(list).collect();
        assert_eq!(all.len(), expected);
        let lines = list
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(lines.count(), all.len());
        for one in all {
            assert!(!one.group.is_empty() && !one.purpose.is_empty(), "{one:?}");
            assert!(one.path.starts_with('/'), "{one:?}");
            assert!(
                ["GET", "POST", "PUT", "DELETE"].contains(&one.method),
                "{one:?}"
            );
        }
    }

    #[test]
    fn every_line_is_a_call_with_a_group_and_a_purpose() {
        check_list(LIST, 299);
        check_list(LEFT_OUT, 71);
    }

    #[test]
    fn what_is_left_out_is_nowhere_else() {
        for one in left_out() {
            let is_same =
                |other: &Endpoint| (other.method, other.shape()) == (one.method, one.shape());
            assert_eq!(endpoints().find(is_same), None);
        }
    }
}
