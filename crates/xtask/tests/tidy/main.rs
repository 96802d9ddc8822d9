//! The house rules as an ordinary test: each finding names a file, a line and what to do about it.

mod architecture;
mod prose;
mod screens;
mod tree;

use tree::{Finding, Tree};

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    architecture::crates_point_inwards,
    architecture::sql_stays_in_stores,
    architecture::core_is_pure,
    architecture::one_place_makes_the_client,
    architecture::councils_are_data,
    prose::files_say_what_they_are_for,
    prose::files_are_short,
    prose::no_banners_or_narration,
    prose::no_vague_names,
    prose::nothing_unfinished,
    prose::no_name_of_a_machine,
    prose::no_plans_in_the_tree,
    screens::one_door_to_the_shell,
    screens::one_door_to_the_server,
    screens::commands_match,
    screens::access_list_matches,
    screens::server_paths_exist,
    screens::both_languages_say_everything,
];

#[test]
fn the_tree_keeps_the_house_rules() {
    let tree = Tree::read();
    let mut findings: Vec<String> =
        RULES.iter().flat_map(|rule| rule(&tree)).map(|it| it.to_string()).collect();
    findings.sort();
    assert!(findings.is_empty(), "{} house rules broken:\n{}\n", findings.len(), findings.join("\n"));
}

/// Plants one offence and expects the rule to name its file and line.
fn catches(rule: Rule, planted: &[(&str, &str)], path: &str, line: usize) {
    let tree = Tree::planted(planted);
    let findings = rule(&tree);
    assert!(
        findings.iter().any(|finding| finding.path == path && finding.line == line),
        "{path}:{line} was not found, only {findings:?}"
    );
}

/// The same rule must let the proper form of the same thing pass.
fn allows(rule: Rule, planted: &[(&str, &str)]) {
    assert_eq!(rule(&Tree::planted(planted)), [], "the rule forbids what is right");
}
