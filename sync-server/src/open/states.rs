//! Which states of a case are its end, as the list of states groups them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

const STATES: &str = include_str!("../../../schemas/codes/work.json");

#[derive(Deserialize)]
struct Codes {
    lists: Lists,
}

#[derive(Deserialize)]
struct Lists {
    states: Vec<State>,
}

#[derive(Deserialize)]
struct State {
    name: String,
    group: String,
}

static CLOSED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let codes: Codes =
        serde_json::from_str(STATES).expect("The list of states that is compiled in can be read");
    codes.lists.states.into_iter().filter(|state| state.group != "open").map(|state| state.name).collect()
});

/// A state that the list does not know is open.
pub fn is_closed(status: &str) -> bool {
    CLOSED.contains(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fixed_or_turned_down_is_closed_and_a_new_case_is_not() {
        assert!(is_closed("fixed") && is_closed("duplicate"));
        assert!(!is_closed("") && !is_closed("investigating") && !is_closed("somewhere else"));
    }
}
