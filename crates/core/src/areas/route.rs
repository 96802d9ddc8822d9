//! What a record says of the areas its place lies in, and whose work it is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use ts_rs::TS;

use super::{AreaKind, AreaSet, FoundArea, areas_at};
use crate::change::{Edit, Member};
use crate::field::{AREAS, FieldKey};
use crate::form::Answers;
use crate::record::{Members, Record};
use crate::value::{Place, Value};

/// A team as its work is given out: which forms it takes, and where. A team that names no areas works everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Covering<'a> {
    pub team: &'a str,
    pub forms: &'a [String],
    /// Codes of areas, or keys of sets, of which it then covers all.
    pub areas: &'a [String],
}

/// Who begins a record.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    pub form: &'a str,
    pub teams: &'a BTreeSet<String>,
    /// Where the officer works only in some areas, their codes.
    pub areas: &'a BTreeSet<String>,
}

/// Where a record goes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Routed {
    /// The area its work is given out by.
    pub area: Option<String>,
    /// The team that covers it. None where areas decide nothing.
    pub team: Option<String>,
    /// Whether it leaves the reach of whoever began it, who then follows it.
    pub leaves: bool,
}

/// The team for a record in these areas: one of the officer's own that takes the form and works there, or else another
/// that does. One that names the area goes before one that names the whole set.
#[must_use]
pub fn route(found: &[FoundArea], begins: &Beginning<'_>, teams: &[Covering<'_>]) -> Routed {
    let is_own = |team: &Covering<'_>| begins.teams.contains(team.team);
    let takes: Vec<_> =
        teams.iter().filter(|team| team.forms.iter().any(|form| form == begins.form)).collect();
    let everywhere = takes.iter().any(|team| is_own(team) && team.areas.is_empty());
    let covers = |name: fn(&FoundArea) -> &str, own: bool| {
        let teams = takes.iter().filter(|team| is_own(team) == own);
        teams.filter_map(|team| Some((team.team, place_of_work(found, begins, team, name)?))).next()
    };
    let own = covers(by_code, true).or_else(|| covers(by_set, true));
    let others = || covers(by_code, false).or_else(|| covers(by_set, false));
    let work = if everywhere { own } else { own.or_else(others) };
    let team = work.map(|(team, _)| team);
    let area = work.map(|(_, area)| area).or_else(|| preferred(found, begins.areas).next());
    let area = area.map(|area| area.code.clone());
    let is_elsewhere =
        !begins.areas.is_empty() && area.as_ref().is_some_and(|area| !begins.areas.contains(area));
    Routed {
        leaves: is_elsewhere || team.is_some_and(|team| !begins.teams.contains(team)),
        team: team.map(str::to_owned),
        area,
    }
}

fn by_code(area: &FoundArea) -> &str {
    &area.code
}

fn by_set(area: &FoundArea) -> &str {
    &area.set
}

/// The area by which a team works here, as it names areas.
fn place_of_work<'f>(
    found: &'f [FoundArea],
    begins: &Beginning<'_>,
    team: &Covering<'_>,
    name: fn(&FoundArea) -> &str,
) -> Option<&'f FoundArea> {
    preferred(found, begins.areas).find(|area| team.areas.iter().any(|covered| covered == name(area)))
}

/// The areas an officer works in, then the others.
fn preferred<'f>(found: &'f [FoundArea], officers: &BTreeSet<String>) -> impl Iterator<Item = &'f FoundArea> {
    let is_theirs = |area: &&FoundArea| officers.contains(&area.code);
    found.iter().filter(move |area| is_theirs(area)).chain(found.iter().filter(move |area| !is_theirs(area)))
}

/// An area as a record names it, by the boundaries of one version; what it is called is not in the record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, TS)]
#[ts(export)]
pub struct AreaOfRecord {
    pub set: String,
    pub version: u32,
    pub code: String,
    /// None where the boundaries are not here.
    pub name: Option<String>,
    pub kind: Option<AreaKind>,
}

impl FoundArea {
    /// As a record names it: `wards@2/E05012904`.
    #[must_use]
    pub fn in_record(&self) -> String {
        format!("{}@{}/{}", self.set, self.version, self.code)
    }
}

impl AreaOfRecord {
    fn read(text: &str) -> Option<Self> {
        let (of, code) = text.split_once('/')?;
        let (set, version) = of.rsplit_once('@')?;
        let version = version.parse().ok()?;
        Some(Self { set: set.to_owned(), version, code: code.to_owned(), name: None, kind: None })
    }
}

/// The areas a record names, with the version of the boundaries that said so.
#[must_use]
pub fn areas_of(record: &Record) -> BTreeSet<AreaOfRecord> {
    named(record).filter_map(|text| AreaOfRecord::read(&text)).collect()
}

/// What a record says of its areas once these edits move its place. To whom it was given is not touched by that.
#[must_use]
pub fn edits_of_move(
    record: &Record,
    before: &Answers,
    edits: &[Edit],
    sets: &[(Arc<AreaSet>, u32)],
) -> Vec<Edit> {
    let mut after = before.clone();
    for edit in edits {
        if let Edit::Put { field, value, .. } = edit {
            after.insert(field.clone(), value.clone());
        }
    }
    let is = first_place(&after);
    // Without sets nothing is known, and what the record says stands.
    if first_place(before) == is || sets.is_empty() {
        return Vec::new();
    }
    edits_towards(record, &is.map(|place| areas_at(sets, place)).unwrap_or_default())
}

/// Where a record is: the first place that it names.
#[must_use]
pub fn first_place(answers: &Answers) -> Option<&Place> {
    answers.0.values().find_map(|value| if let Value::Place(place) = value { Some(place) } else { None })
}

/// The edits that make a record name these areas and no others. Both of two people who move a place at once are heard: a
/// record with two places names the areas of both.
#[must_use]
pub fn edits_towards(record: &Record, found: &[FoundArea]) -> Vec<Edit> {
    let field = FieldKey::new(AREAS);
    let before: BTreeSet<String> = named(record).collect();
    let after: BTreeSet<String> = found.iter().map(FoundArea::in_record).collect();
    let mut edits = Vec::new();
    let added: Vec<Member> = after.difference(&before).cloned().map(Member::Text).collect();
    if !added.is_empty() {
        edits.push(Edit::SetAdd { field: field.clone(), members: added });
    }
    for gone in before.difference(&after) {
        let member = Member::Text(gone.clone());
        let context = record.member_context(&field, &member);
        edits.push(Edit::SetRemove { field: field.clone(), context, members: vec![member] });
    }
    edits
}

fn named(record: &Record) -> impl Iterator<Item = String> {
    let members = record.set(&FieldKey::new(AREAS)).map(Members::members).unwrap_or_default();
    members.into_iter().filter_map(|member| match member {
        Member::Text(text) => Some(text),
        Member::Row(_) | Member::Photo(_) | Member::Opaque { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: AreaKind, set: &str, code: &str) -> FoundArea {
        FoundArea { set: set.into(), version: 2, kind, code: code.into(), name: code.into() }
    }

    fn here() -> Vec<FoundArea> {
        vec![found(AreaKind::Patch, "patches", "p1"), found(AreaKind::Ward, "wards", "w9")]
    }

    /// Where a record goes that someone of these teams, who works in these areas, begins here.
    fn goes(
        own: &[&str],
        areas: &[&str],
        teams: &[(&str, &str, &[&str])],
    ) -> (Option<String>, Option<String>, bool) {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let lists: Vec<_> =
            teams.iter().map(|(team, form, areas)| (*team, list(&[form]), list(areas))).collect();
        let covering: Vec<_> =
            lists.iter().map(|(team, forms, areas)| Covering { team, forms, areas }).collect();
        let begins = Beginning { form: "fly_tip", teams: &set(own), areas: &set(areas) };
        let Routed { area, team, leaves } = route(&here(), &begins, &covering);
        (area, team, leaves)
    }

    fn to(area: &str, team: Option<&str>, leaves: bool) -> (Option<String>, Option<String>, bool) {
        (Some(area.to_owned()), team.map(str::to_owned), leaves)
    }

    #[test]
    fn the_team_that_covers_the_area_gets_the_record() {
        let teams: [(&str, &str, &[&str]); 3] =
            [("north", "fly_tip", &["p0"]), ("south", "fly_tip", &["p1"]), ("trees", "tree", &["p1"])];
        assert_eq!(goes(&["south"], &[], &teams), to("p1", Some("south"), false));
        assert_eq!(
            goes(&["north"], &[], &teams),
            to("p1", Some("south"), true),
            "whoever began it follows it"
        );
        assert_eq!(goes(&["north"], &[], &teams[..1]), to("p1", None, false), "nobody covers it: as ever");
    }

    #[test]
    fn an_own_team_goes_before_others_that_work_there_too() {
        let teams: [(&str, &str, &[&str]); 3] =
            [("a", "fly_tip", &["p1"]), ("parks", "fly_tip", &["wards"]), ("z", "fly_tip", &[])];
        assert_eq!(goes(&["parks"], &[], &teams), to("w9", Some("parks"), false), "all wards");
        assert_eq!(goes(&["z"], &[], &teams), to("p1", None, false), "a team without areas works everywhere");
        assert_eq!(goes(&["other"], &[], &teams), to("p1", Some("a"), true));
        let last: [(&str, &str, &[&str]); 2] =
            [("all", "fly_tip", &["patches"]), ("one", "fly_tip", &["p1"])];
        assert_eq!(
            goes(&["other"], &[], &last),
            to("p1", Some("one"), true),
            "named, and not covered with the rest"
        );
    }

    #[test]
    fn an_area_that_the_officer_works_in_goes_before_others() {
        let teams: [(&str, &str, &[&str]); 1] = [("south", "fly_tip", &["p1", "w9"])];
        assert_eq!(goes(&["south"], &["w9"], &teams), to("w9", Some("south"), false));
        assert_eq!(
            goes(&["south"], &["w1"], &teams),
            to("p1", Some("south"), true),
            "outside where they work"
        );
        assert_eq!(goes(&["south"], &["w9"], &[]), to("w9", None, false));
    }

    #[test]
    fn an_area_reads_back_as_it_was_written() {
        let of = |area: FoundArea| AreaOfRecord::read(&area.in_record()).unwrap();
        let AreaOfRecord { set, version, code, .. } = of(found(AreaKind::Ward, "wards", "E05/1@x"));
        assert_eq!((set.as_str(), version, code.as_str()), ("wards", 2, "E05/1@x"));
        for wrong in ["", "wards", "wards/E05", "wards@x/E05", "@"] {
            assert_eq!(AreaOfRecord::read(wrong), None, "{wrong}");
        }
    }
}
