//! Which column is which: by the file's own headings where it has them, otherwise as its format is described.

use std::collections::BTreeMap;

use super::Profile;

/// AddressBase Premium, as Ordnance Survey publishes its headings.
const ADDRESSBASE: &[(&str, &str)] = &[
    ("15", "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,USRN,STREET,LOCALITY,TOWN,ADMINISTRATIVE_AREA,LANGUAGE"),
    (
        "21",
        "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,STATUS,BLPU_STATE,BLPU_STATE_DATE,PARENT_UPRN,X,Y,LATITUDE,LONGITUDE,\
         RPC,LOCAL_CUSTODIAN_CODE,COUNTRY,START_DATE,END_DATE,LAST_UPDATE_DATE,ENTRY_DATE,ADDRESSBASE_POSTAL,POSTCODE",
    ),
    (
        "24",
        "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,LPI_KEY,LANGUAGE,STATUS,START_DATE,END_DATE,LAST_UPDATE_DATE,\
         ENTRY_DATE,SAO_START_NUMBER,SAO_START_SUFFIX,SAO_END_NUMBER,SAO_END_SUFFIX,SAO_TEXT,PAO_START_NUMBER,\
         PAO_START_SUFFIX,PAO_END_NUMBER,PAO_END_SUFFIX,PAO_TEXT,USRN",
    ),
    (
        "28",
        "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,UDPRN,ORGANISATION,DEPARTMENT_NAME,SUB_BUILDING_NAME,BUILDING_NAME,\
         BUILDING_NUMBER,DEPENDENT_THOROUGHFARE,THOROUGHFARE,DOUBLE_DEPENDENT_LOCALITY,DEPENDENT_LOCALITY,TOWN,POSTCODE",
    ),
    ("31", "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,ORG_KEY,ORGANISATION"),
    ("32", "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,CLASS_KEY,CLASS,CLASS_SCHEME"),
];

/// DTF 7.3, as it is generally written; an export that differs says so in its headings.
const DTF: &[(&str, &str)] = &[
    ("15", "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,USRN,STREET,LOCALITY,TOWN,ADMINISTRATIVE_AREA,LANGUAGE"),
    (
        "21",
        "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,STATUS,BLPU_STATE,BLPU_STATE_DATE,CLASS,PARENT_UPRN,X,Y,RPC,\
         LOCAL_CUSTODIAN_CODE,START_DATE,END_DATE,LAST_UPDATE_DATE,ENTRY_DATE,ORGANISATION",
    ),
    (
        "24",
        "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,LPI_KEY,LANGUAGE,STATUS,START_DATE,END_DATE,ENTRY_DATE,\
         LAST_UPDATE_DATE,SAO_START_NUMBER,SAO_START_SUFFIX,SAO_END_NUMBER,SAO_END_SUFFIX,SAO_TEXT,PAO_START_NUMBER,\
         PAO_START_SUFFIX,PAO_END_NUMBER,PAO_END_SUFFIX,PAO_TEXT,USRN,LEVEL,POSTAL_ADDRESS,POSTCODE,TOWN",
    ),
    ("31", "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,ORG_KEY,ORGANISATION"),
    ("32", "RECORD_IDENTIFIER,CHANGE_TYPE,PRO_ORDER,UPRN,CLASS_KEY,CLASS,CLASS_SCHEME"),
];

/// Headings by which columns are known, beside our own names for them.
const ALSO: &[(&str, &[&str])] = &[
    ("X", &["X_COORDINATE", "EASTING"]),
    ("Y", &["Y_COORDINATE", "NORTHING"]),
    ("LATITUDE", &["LAT"]),
    ("LONGITUDE", &["LON", "LNG", "LONG"]),
    ("STATUS", &["LOGICAL_STATUS"]),
    ("CLASS", &["BLPU_CLASS", "CLASSIFICATION_CODE", "CLASSIFICATION"]),
    ("STREET", &["STREET_DESCRIPTION", "STREET_DESCRIPTOR", "STREET_NAME"]),
    ("LOCALITY", &["LOCALITY_NAME"]),
    ("TOWN", &["TOWN_NAME", "POST_TOWN"]),
    ("POSTCODE", &["POSTCODE_LOCATOR"]),
    ("ORGANISATION", &["ORGANISATION_NAME"]),
    ("NUMBER", &["HOUSE_NUMBER", "BUILDING_NUMBER"]),
    ("NAME", &["BUILDING", "BUILDING_NAME", "HOUSE_NAME"]),
    ("UNIT", &["FLAT", "SUB_BUILDING", "SUB_BUILDING_NAME"]),
];

#[derive(Debug)]
pub(super) struct Columns {
    profile: Profile,
    /// By record, or under "" for a file of one kind.
    of: BTreeMap<String, BTreeMap<String, usize>>,
    /// Headings that hold for the kind of record that follows them.
    pending: Option<BTreeMap<String, usize>>,
}

impl Columns {
    pub(super) fn of(profile: Profile) -> Self {
        let described = match profile {
            Profile::AddressbasePremium => ADDRESSBASE,
            Profile::Dtf => DTF,
            Profile::OpenUprn | Profile::Csv => &[],
        };
        let mut of: BTreeMap<String, BTreeMap<String, usize>> = described
            .iter()
            .map(|(number, headings)| ((*number).to_owned(), named(headings.split(','))))
            .collect();
        if profile == Profile::OpenUprn {
            of.insert(String::new(), named("UPRN,X_COORDINATE,Y_COORDINATE,LATITUDE,LONGITUDE".split(',')));
        }
        Self { profile, of, pending: None }
    }

    /// Whether the row is headings.
    pub(super) fn take_headings(&mut self, fields: &[String]) -> bool {
        let names: Vec<String> = fields.iter().map(|field| heading(field)).collect();
        let is_headings = match self.profile {
            Profile::AddressbasePremium | Profile::Dtf => {
                names.first().is_some_and(|first| first == "RECORD_IDENTIFIER")
            }
            Profile::OpenUprn | Profile::Csv => names.iter().any(|name| name == "UPRN"),
        };
        if is_headings {
            let columns = named(names.iter().map(String::as_str));
            match self.profile {
                Profile::AddressbasePremium | Profile::Dtf => self.pending = Some(columns),
                Profile::OpenUprn | Profile::Csv => {
                    self.of.insert(String::new(), columns);
                }
            }
        }
        is_headings
    }

    pub(super) fn record<'a>(&'a mut self, number: &str, fields: &'a [String]) -> Option<Named<'a>> {
        if !self.of.contains_key(number) {
            return None;
        }
        if let Some(columns) = self.pending.take() {
            self.of.insert(number.to_owned(), columns);
        }
        self.of.get(number).map(|columns| Named { columns, fields })
    }

    pub(super) fn row<'a>(&'a self, fields: &'a [String]) -> Option<Named<'a>> {
        self.of.get("").map(|columns| Named { columns, fields })
    }
}

fn heading(text: &str) -> String {
    let name: String = text
        .trim()
        .chars()
        .map(|sign| if sign.is_alphanumeric() { sign.to_ascii_uppercase() } else { '_' })
        .collect();
    let known = ALSO.iter().find(|(_, also)| also.contains(&name.as_str()));
    known.map_or(name, |(ours, _)| (*ours).to_owned())
}

fn named<'a>(headings: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut columns = BTreeMap::new();
    for (at, name) in headings.enumerate() {
        columns.entry(heading(name)).or_insert(at);
    }
    columns
}

/// A row whose fields are asked for by name.
pub(super) struct Named<'a> {
    columns: &'a BTreeMap<String, usize>,
    fields: &'a [String],
}

impl Named<'_> {
    /// Empty where the row has no such column.
    pub(super) fn text(&self, name: &str) -> &str {
        self.columns.get(name).and_then(|at| self.fields.get(*at)).map_or("", |field| field.trim())
    }
}
