//! In which of the council's areas a position lies, offline; and what a record says of that.

use crate::save::answers_of;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::areas::route::{AreaOfRecord, Beginning, Covering, edits_of_move, edits_towards, route};
use kerbside_core::areas::{AREAS_PACK, AreaSet, FoundArea, areas_at};
use kerbside_core::change::{Context, Edit, Member};
use kerbside_core::field::{AREA, FOLLOWERS, FieldKey, TEAM};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::Record;
use kerbside_core::value::{Place, Value};
use std::sync::Arc;

impl Vault {
    /// Every area that holds the place, by the boundaries that are on offer.
    pub fn areas_at(&self, place: &Place) -> Result<Vec<FoundArea>> {
        Ok(areas_at(&self.area_sets()?, place))
    }

    /// What a record that begins with these edits says of its areas, and to whom it goes.
    pub(crate) fn whose_it_is(&self, form: &str, edits: &[Edit]) -> Result<Vec<Edit>> {
        let place = edits.iter().find_map(|edit| {
            let Edit::Put { value: Value::Place(place), .. } = edit else { return None };
            Some(place)
        });
        let found = place.map(|place| self.areas_at(place)).transpose()?.unwrap_or_default();
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let council = self.council()?;
        let officer = council.officer.unwrap_or_default();
        let teams: Vec<_> = council
            .teams
            .iter()
            .map(|team| Covering { team: &team.key, forms: &team.forms, areas: &team.areas })
            .collect();
        let routed = route(&found, &Beginning { form, teams: &officer.teams, areas: &officer.areas }, &teams);
        let mut said = edits_towards(&Record::default(), &found);
        for (field, code) in [(AREA, routed.area), (TEAM, routed.team)] {
            said.extend(code.map(|code| Edit::Put {
                field: FieldKey::new(field),
                context: Context::default(),
                value: Value::code(code),
            }));
        }
        if routed.leaves {
            let myself = Member::Text(self.identity.officer.0.to_string());
            said.push(Edit::SetAdd { field: FieldKey::new(FOLLOWERS), members: vec![myself] });
        }
        Ok(said)
    }

    pub(crate) fn where_it_is_now(&self, head: &Record, edits: &[Edit]) -> Result<Vec<Edit>> {
        Ok(edits_of_move(head, &answers_of(head), edits, &self.area_sets()?))
    }

    /// Says what the areas of a record are called, as far as their boundaries are here.
    pub(crate) fn name_areas(&self, areas: &mut [AreaOfRecord]) -> Result<()> {
        for area in areas {
            let Some(set) = self.area_set(&area.set, area.version)? else { continue };
            area.kind = Some(set.kind);
            area.name = set.area(&area.code).map(|found| found.name.clone());
        }
        Ok(())
    }

    /// The newest of each set that is on offer.
    fn area_sets(&self) -> Result<Vec<(Arc<AreaSet>, u32)>> {
        let mut sets = Vec::new();
        for (name, version, offered) in self.store.packs()? {
            let Some(key) = name.strip_prefix(AREAS_PACK).filter(|_| offered) else { continue };
            sets.extend(self.area_set(key, version)?.map(|set| (set, version)));
        }
        Ok(sets)
    }

    fn area_set(&self, key: &str, version: u32) -> Result<Option<Arc<AreaSet>>> {
        let named = (key.to_owned(), version);
        if let Some(set) = self.areas.borrow().get(&named) {
            return Ok(Some(Arc::clone(set)));
        }
        let Some(body) = self.store.pack(&format!("{AREAS_PACK}{key}"), version)? else { return Ok(None) };
        let set = Arc::new(parse_areas(&body)?);
        self.areas.borrow_mut().insert(named, Arc::clone(&set));
        Ok(Some(set))
    }
}

/// A set of a kind that this app does not know is one for a newer app.
pub(crate) fn parse_areas(body: &[u8]) -> Result<AreaSet> {
    AreaSet::parse(body).map_err(|cause| Problem::new(Code::NeedsNewerVersion, cause.detail).into())
}
