//! In which order services are started and stopped.

use std::collections::{BTreeMap, BTreeSet};

/// What each service needs to be up before it: name → names.
pub type Needs = BTreeMap<String, Vec<String>>;

/// Sorts `names` so that each stands behind what it needs. A circle is cut where it is met; duplicates are dropped.
#[must_use]
pub fn start_order(names: &[String], needs: &Needs) -> Vec<String> {
    let wanted: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut walk = Walk { needs, seen: BTreeSet::new(), out: Vec::new() };
    for name in names {
        walk.visit(name);
    }
    walk.out.into_iter().filter(|name| wanted.contains(name)).map(str::to_owned).collect()
}

/// `names` and everything that needs one of them, directly or not.
#[must_use]
pub fn with_dependents(names: &[String], needs: &Needs) -> Vec<String> {
    reachable(names, &edges(needs).map(|(name, need)| (need, name)).collect::<Vec<_>>())
}

/// `names` and everything that they need, directly or not.
#[must_use]
pub fn with_dependencies(names: &[String], needs: &Needs) -> Vec<String> {
    reachable(names, &edges(needs).collect::<Vec<_>>())
}

fn edges(needs: &Needs) -> impl Iterator<Item = (&str, &str)> {
    needs.iter().flat_map(|(name, needed)| needed.iter().map(|need| (name.as_str(), need.as_str())))
}

fn reachable(names: &[String], edges: &[(&str, &str)]) -> Vec<String> {
    let mut known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    loop {
        let found: Vec<&str> =
            edges.iter().filter(|(from, to)| known.contains(from) && !known.contains(to)).map(|(_, to)| *to).collect();
        if found.is_empty() {
            return known.into_iter().map(str::to_owned).collect();
        }
        known.extend(found);
    }
}

struct Walk<'n> {
    needs: &'n Needs,
    seen: BTreeSet<&'n str>,
    out: Vec<&'n str>,
}

impl<'n> Walk<'n> {
    /// Depth first with a stack of our own: a chain of a thousand services must not overflow ours.
    fn visit(&mut self, root: &'n str) {
        let mut stack = vec![(root, false)];
        while let Some((name, done)) = stack.pop() {
            if done {
                self.out.push(name);
            } else if self.seen.insert(name) {
                stack.push((name, true));
                stack.extend(self.needs.get(name).into_iter().flatten().map(|need| (need.as_str(), false)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desktop() -> Needs {
        let pairs: [(&str, &[&str]); 5] = [
            ("dbus-session", &["dbus-system"]),
            ("x-server", &["dbus-session"]),
            ("desktop", &["x-server", "dbus-session"]),
            ("selkies", &["x-server", "pipewire"]),
            ("pipewire", &["dbus-session"]),
        ];
        pairs
            .iter()
            .map(|(name, needs)| ((*name).to_owned(), needs.iter().map(|n| (*n).to_owned()).collect()))
            .collect()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn everything_stands_behind_what_it_needs() {
        let needs = desktop();
        let order =
            start_order(&names(&["selkies", "desktop", "x-server", "dbus-system", "pipewire", "dbus-session"]), &needs);
        let position = |name: &str| order.iter().position(|n| n == name).expect("named");
        for (name, needed) in &needs {
            for need in needed {
                assert!(position(need) < position(name), "{need} before {name} in {order:?}");
            }
        }
        assert_eq!(order.len(), 6);
    }

    #[test]
    fn only_what_was_asked_for_is_ordered() {
        assert_eq!(start_order(&names(&["selkies", "x-server"]), &desktop()), ["x-server", "selkies"]);
    }

    #[test]
    fn dependents_of_the_x_server() {
        let mut all = with_dependents(&names(&["x-server"]), &desktop());
        all.sort();
        assert_eq!(all, ["desktop", "selkies", "x-server"]);
    }

    #[test]
    fn dependencies_of_selkies() {
        let all = with_dependencies(&names(&["selkies"]), &desktop());
        assert_eq!(all, ["dbus-session", "dbus-system", "pipewire", "selkies", "x-server"]);
    }

    #[test]
    fn a_circle_ends() {
        let needs: Needs = [("a".into(), names(&["b"])), ("b".into(), names(&["a"]))].into();
        assert_eq!(start_order(&names(&["a", "b"]), &needs).len(), 2);
        assert_eq!(with_dependents(&names(&["a"]), &needs).len(), 2);
    }
}
