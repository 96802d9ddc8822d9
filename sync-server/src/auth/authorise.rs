//! Who may do what to what: one pure function over one table, tested for every combination.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::store::{Officer, Role};

/// Everything that anyone asks leave for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Action {
    /// Hold a device and make records with it.
    UseDevice,
    ReadRecord,
    CreateRecord,
    EditRecord,
    /// Give a record to a team or a person.
    AssignRecord,
    ManagePeople,
    ManageDevices,
    ManageSettings,
    ReadAudit,
    /// Bring forms in, try them, publish and withdraw them.
    DesignForms,
    /// Withdraw a record that somebody else began.
    WithdrawRecord,
    /// Read the numbers that show whether the promise was kept.
    ReadTrust,
    /// Decide over changes whose writer may no longer make them.
    ReviewChanges,
    /// Take an answer, a note or a photo out of any record for good.
    RedactRecord,
    /// Remove a record for good.
    PurgeRecord,
    /// Cover faces and plates on a photo.
    CoverPhoto,
    /// See a photo as it was before something on it was covered, and uncover it.
    SeeUncovered,
    /// Take cases away as a file, or by another program.
    TakeCases,
    /// The same with what their forms mark as personal.
    TakePersonal,
    /// Count cases by where they are.
    SeeHotspots,
}

impl Action {
    pub const ALL: [Self; 20] = [
        Self::UseDevice,
        Self::ReadRecord,
        Self::CreateRecord,
        Self::EditRecord,
        Self::AssignRecord,
        Self::ManagePeople,
        Self::ManageDevices,
        Self::ManageSettings,
        Self::ReadAudit,
        Self::DesignForms,
        Self::WithdrawRecord,
        Self::ReadTrust,
        Self::ReviewChanges,
        Self::RedactRecord,
        Self::PurgeRecord,
        Self::CoverPhoto,
        Self::SeeUncovered,
        Self::TakeCases,
        Self::TakePersonal,
        Self::SeeHotspots,
    ];

    /// Whether the action is done to a record, so that its teams count.
    pub fn is_on_records(self) -> bool {
        matches!(
            self,
            Self::ReadRecord
                | Self::CreateRecord
                | Self::EditRecord
                | Self::AssignRecord
                | Self::WithdrawRecord
                | Self::ReviewChanges
                | Self::CoverPhoto
                | Self::SeeUncovered
        )
    }
}

/// What an action is done to.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// The council as a whole: people, devices, settings, trays.
    Council,
    /// A record with these keys: its teams, while two values of its team stand both, each with the record's area; and
    /// whom it is given to.
    Record(&'a BTreeSet<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Leave {
    Allowed,
    Refused,
}

impl Leave {
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

/// The table. Whatever stands in no row is refused.
const TABLE: &[(Role, &[Action])] = &[
    (
        Role::Officer,
        &[
            Action::UseDevice,
            Action::ReadRecord,
            Action::CreateRecord,
            Action::EditRecord,
            Action::CoverPhoto,
        ],
    ),
    (
        Role::Supervisor,
        &[
            Action::UseDevice,
            Action::ReadRecord,
            Action::CreateRecord,
            Action::EditRecord,
            Action::AssignRecord,
            Action::WithdrawRecord,
            Action::ReadTrust,
            Action::ReviewChanges,
            Action::CoverPhoto,
            Action::SeeUncovered,
            Action::TakeCases,
            Action::TakePersonal,
            Action::SeeHotspots,
        ],
    ),
    (
        Role::Triager,
        &[
            Action::ReadRecord,
            Action::CreateRecord,
            Action::EditRecord,
            Action::AssignRecord,
            Action::WithdrawRecord,
            Action::ReviewChanges,
            Action::CoverPhoto,
            Action::SeeUncovered,
            Action::TakeCases,
            Action::SeeHotspots,
        ],
    ),
    (Role::Viewer, &[Action::ReadRecord, Action::TakeCases, Action::SeeHotspots]),
    (
        Role::Admin,
        &[
            Action::ManagePeople,
            Action::ManageDevices,
            Action::ManageSettings,
            Action::DesignForms,
            Action::ReadTrust,
            // Done to a record by its name, without reading it.
            Action::RedactRecord,
            Action::PurgeRecord,
        ],
    ),
    (
        Role::Auditor,
        &[
            Action::ReadRecord,
            Action::ReadAudit,
            Action::ReadTrust,
            Action::SeeUncovered,
            Action::TakeCases,
            Action::TakePersonal,
            Action::SeeHotspots,
        ],
    ),
    (Role::Designer, &[Action::DesignForms]),
];

/// The one place where leave is given: the role must list the action, and a record must be in one of `who`'s teams and areas, or given to `who`.
pub fn authorise(who: &Officer, action: Action, what: Target<'_>) -> Leave {
    let listed = TABLE.iter().any(|(role, actions)| *role == who.role && actions.contains(&action));
    let within = match what {
        Target::Council => true,
        Target::Record(teams) => action.is_on_records() && who.reaches_any(teams),
    };
    if listed && within { Leave::Allowed } else { Leave::Refused }
}

/// What a person's screens may offer.
pub fn may(who: &Officer) -> Vec<Action> {
    Action::ALL.into_iter().filter(|action| authorise(who, *action, Target::Council).is_allowed()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kerbside_core::ids::OfficerId;

    fn person(role: Role) -> Officer {
        Officer {
            id: OfficerId(1),
            email: "someone@example.gov.uk".into(),
            name: "Someone".into(),
            role,
            service: "street".into(),
            short_code: String::new(),
            teams: BTreeSet::from(["wardens-north".to_owned()]),
            areas: BTreeSet::new(),
        }
    }

    /// Every role in a line, every action in a column, in the order of `Action::ALL`: own team's record or council.
    const EXPECTED: [(Role, &str); 7] = [
        (Role::Officer, "YYYY-----------Y----"),
        (Role::Supervisor, "YYYYY-----YYY--YYYYY"),
        (Role::Triager, "-YYYY-----Y-Y--YYY-Y"),
        (Role::Viewer, "-Y---------------Y-Y"),
        (Role::Admin, "-----YYY-Y-Y-YY-----"),
        (Role::Auditor, "-Y------Y--Y----YYYY"),
        (Role::Designer, "---------Y----------"),
    ];

    #[test]
    fn every_role_may_do_exactly_what_its_line_says() {
        let own = BTreeSet::from(["wardens-north".to_owned(), "parking".to_owned()]);
        for (role, line) in EXPECTED {
            let who = person(role);
            for (action, mark) in Action::ALL.into_iter().zip(line.chars()) {
                let what = if action.is_on_records() { Target::Record(&own) } else { Target::Council };
                let leave = authorise(&who, action, what);
                assert_eq!(leave.is_allowed(), mark == 'Y', "{role:?} {action:?}");
            }
        }
        assert_eq!(EXPECTED.map(|(role, _)| role), Role::ALL);
    }

    #[test]
    fn nobody_may_touch_a_record_of_other_teams() {
        for teams in [BTreeSet::from(["housing-east".to_owned()]), BTreeSet::new()] {
            for role in Role::ALL {
                for action in Action::ALL {
                    let leave = authorise(&person(role), action, Target::Record(&teams));
                    assert_eq!(leave, Leave::Refused, "{role:?} {action:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_given_to_someone_is_theirs_whatever_team_it_is_in() {
        let keys = BTreeSet::from(["housing-east".to_owned(), "@1".to_owned()]);
        for action in [Action::ReadRecord, Action::EditRecord] {
            assert_eq!(authorise(&person(Role::Officer), action, Target::Record(&keys)), Leave::Allowed);
        }
        assert_eq!(
            authorise(&person(Role::Admin), Action::ReadRecord, Target::Record(&keys)),
            Leave::Refused
        );
    }

    #[test]
    fn someone_with_areas_sees_their_teams_records_there_and_those_in_none() {
        let areas = BTreeSet::from(["riverside".to_owned()]);
        let who = Officer { areas, ..person(Role::Officer) };
        for (key, leave) in [
            ("wardens-north/riverside", Leave::Allowed),
            ("wardens-north", Leave::Allowed),
            ("wardens-north/old-town", Leave::Refused),
            ("housing-east/riverside", Leave::Refused),
        ] {
            let keys = BTreeSet::from([key.to_owned()]);
            assert_eq!(authorise(&who, Action::ReadRecord, Target::Record(&keys)), leave, "{key}");
        }
    }

    #[test]
    fn an_administrator_sees_no_case_even_of_a_team_they_are_in() {
        let own = BTreeSet::from(["wardens-north".to_owned()]);
        assert_eq!(authorise(&person(Role::Admin), Action::ReadRecord, Target::Record(&own)), Leave::Refused);
    }
}
