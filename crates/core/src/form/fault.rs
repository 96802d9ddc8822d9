//! What can be wrong with an answer, and what can be wrong with a form.
//!
//! A fault names a sentence of the words files and brings everything that sentence needs; screens and
//! the command line put the two together.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::expr::ExprFault;
use super::{Localised, Question, QuestionKind};
use crate::field::FieldKey;

/// One thing wrong with one answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Fault {
    pub field: FieldKey,
    pub code: FaultCode,
    /// The sentence in the words files, such as `form.required.select`.
    pub key: String,
    /// What the sentence calls the question, for its `{thing}`.
    pub thing: Option<Localised>,
    /// For the sentence's `{max}`.
    pub max: Option<u32>,
    /// For the sentence's `{min}`.
    pub min: Option<u32>,
    /// The form's own sentence, to be shown instead.
    pub message: Option<Localised>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FaultCode {
    /// An answer is needed and there is none.
    Required,
    /// The form's own constraint does not hold.
    Constraint,
    NotText,
    NotAWholeNumber,
    NotANumber,
    NotADate,
    NotATime,
    NotAMoment,
    NotAPlace,
    /// Latitude 0, longitude 0: what a receiver without a fix says.
    PlaceNowhere,
    PlaceOutOfRange,
    NotAChoice,
    /// Not among the choices offered now.
    ChoiceUnknown,
    NotATick,
    NotPhotos,
    NotFiles,
    NotRows,
    /// A line or an outline that is none.
    NotALine,
    /// Not all choices of the list once each.
    NotAnOrder,
    /// Off the scale, or between its steps.
    OffTheScale,
    TooLong,
    TooFewPhotos,
    TooManyPhotos,
    TooManyRows,
    /// A note or a section cannot be answered.
    NotAnswerable,
    /// Only the office's own rules set this.
    OfficeOnly,
    /// Written once already.
    AlreadyAnswered,
    /// The form has no such question.
    UnknownField,
}

impl Fault {
    #[must_use]
    pub fn new(field: FieldKey, code: FaultCode, question: Option<&Question>) -> Self {
        let kind = question.map(|question| &question.kind);
        Self {
            field,
            code,
            key: key_of(code, kind).to_owned(),
            thing: question.and_then(|question| question.thing.clone().or_else(|| question.label.clone())),
            max: None,
            min: None,
            message: None,
        }
    }

    pub(super) fn with_max(self, max: u32) -> Self {
        Self { max: Some(max), ..self }
    }

    pub(super) fn with_min(self, min: u32) -> Self {
        Self { min: Some(min), ..self }
    }

    pub(super) fn saying(self, message: Option<Localised>) -> Self {
        Self { message, ..self }
    }
}

/// The words key of a fault: one of the sentences under `form.` in the words files.
#[must_use]
pub fn fault_key(fault: &Fault) -> &'static str {
    KEYS.iter().copied().find(|key| *key == fault.key).unwrap_or_else(|| key_of(fault.code, None))
}

/// Every key `fault_key` can give.
pub const KEYS: [&str; 35] = [
    "form.required.enter",
    "form.required.select",
    "form.required.photo",
    "form.required.place",
    "form.required.tick",
    "form.required.rows",
    "form.constraint",
    "form.not_text",
    "form.not_whole_number",
    "form.not_number",
    "form.not_date",
    "form.not_time",
    "form.not_moment",
    "form.not_place",
    "form.place_nowhere",
    "form.place_out_of_range",
    "form.not_choice",
    "form.choice_unknown",
    "form.not_tick",
    "form.not_photos",
    "form.not_rows",
    "form.too_long",
    "form.too_few_photos",
    "form.too_many_photos",
    "form.too_many_rows",
    "form.not_answerable",
    "form.office_only",
    "form.already_answered",
    "form.unknown_field",
    "form.required.date",
    "form.required.file",
    "form.not_files",
    "form.not_line",
    "form.not_order",
    "form.off_the_scale",
];

fn key_of(code: FaultCode, kind: Option<&QuestionKind>) -> &'static str {
    match code {
        FaultCode::Required => required_key(kind),
        FaultCode::Constraint => "form.constraint",
        FaultCode::NotText => "form.not_text",
        FaultCode::NotAWholeNumber => "form.not_whole_number",
        FaultCode::NotANumber => "form.not_number",
        FaultCode::NotADate => "form.not_date",
        FaultCode::NotATime => "form.not_time",
        FaultCode::NotAMoment => "form.not_moment",
        FaultCode::NotAPlace => "form.not_place",
        FaultCode::PlaceNowhere => "form.place_nowhere",
        FaultCode::PlaceOutOfRange => "form.place_out_of_range",
        FaultCode::NotAChoice => "form.not_choice",
        FaultCode::ChoiceUnknown => "form.choice_unknown",
        FaultCode::NotATick => "form.not_tick",
        FaultCode::NotPhotos => "form.not_photos",
        FaultCode::NotFiles => "form.not_files",
        FaultCode::NotRows => "form.not_rows",
        FaultCode::NotALine => "form.not_line",
        FaultCode::NotAnOrder => "form.not_order",
        FaultCode::OffTheScale => "form.off_the_scale",
        FaultCode::TooLong => "form.too_long",
        FaultCode::TooFewPhotos => "form.too_few_photos",
        FaultCode::TooManyPhotos => "form.too_many_photos",
        FaultCode::TooManyRows => "form.too_many_rows",
        FaultCode::NotAnswerable => "form.not_answerable",
        FaultCode::OfficeOnly => "form.office_only",
        FaultCode::AlreadyAnswered => "form.already_answered",
        FaultCode::UnknownField => "form.unknown_field",
    }
}

fn required_key(kind: Option<&QuestionKind>) -> &'static str {
    match kind {
        Some(
            QuestionKind::SelectOne { .. } | QuestionKind::SelectMultiple { .. } | QuestionKind::Rank { .. },
        ) => "form.required.select",
        Some(QuestionKind::Image { .. }) => "form.required.photo",
        Some(QuestionKind::File { .. }) => "form.required.file",
        Some(
            QuestionKind::Geopoint { .. } | QuestionKind::Geotrace { .. } | QuestionKind::Geoshape { .. },
        ) => "form.required.place",
        Some(QuestionKind::Acknowledge) => "form.required.tick",
        Some(QuestionKind::Repeat { .. }) => "form.required.rows",
        Some(QuestionKind::Date | QuestionKind::Time | QuestionKind::DateTime) => "form.required.date",
        Some(
            QuestionKind::Text { .. }
            | QuestionKind::Integer
            | QuestionKind::Decimal
            | QuestionKind::Range { .. }
            | QuestionKind::Barcode { .. }
            | QuestionKind::Metadata { .. }
            | QuestionKind::Note
            | QuestionKind::Calculate
            | QuestionKind::Hidden
            | QuestionKind::Group,
        )
        | None => "form.required.enter",
    }
}

/// One thing wrong with a form file, by sheet, row (from 1) and column.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FormFault {
    pub sheet: Sheet,
    pub row: Option<u32>,
    pub column: Option<String>,
    pub code: FormFaultCode,
    /// What was found there, or more about it.
    pub what: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Sheet {
    File,
    Settings,
    Survey,
    Choices,
    Codes,
    Examples,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FormFaultCode {
    NotJson,
    TooLarge,
    UnknownColumn,
    MissingColumn,
    WrongShape,
    UnknownType,
    BadName,
    DuplicateName,
    UnknownList,
    DuplicateChoice,
    BadParameter,
    /// Too many words or brackets for one expression.
    ExpressionTooLong,
    /// A quote or a brace that is not closed.
    UnclosedText,
    ExpressionEndsEarly,
    /// Something that cannot stand where it does.
    Unexpected,
    UnknownFunction,
    /// A function with too few or too many arguments, or with ones it cannot take.
    WrongArguments,
    UnknownQuestion,
    /// More than one question has this name.
    AmbiguousQuestion,
    BadPattern,
    /// The list or the table has no such column.
    UnknownListColumn,
    /// The function needs a repeat around it.
    NoRepeat,
    /// A default that is no answer to its question.
    BadDefault,
    /// What was saved the last time can only be a default.
    LastSavedElsewhere,
    Cycle,
    Unbalanced,
    /// Two columns that cannot both stand in one row.
    Contradiction,
    NotAWorkbook,
    OldWorkbook,
    OpenDocument,
    TableAlone,
    Encrypted,
    MissingSheet,
    SheetNotRead,
    /// With the heading it was probably meant to be.
    MisspeltColumn,
    SpacedHeading,
    DuplicateColumn,
    NoHeading,
    AfterBlanks,
    CellError,
    CurlyQuotes,
    NotKept,
    KeptOnly,
    OtherLanguage,
    ShownAsEnglish,
    OnlyWelsh,
    NoLabel,
    DisabledRow,
    NameMade,
    FormIdChanged,
    VersionNumbered,
    PrefixMade,
    SecondSettings,
    NoService,
    BadService,
    BadPrefix,
    MissingFile,
    UnusedFile,
    BadFile,
    XmlFile,
}

impl FormFaultCode {
    /// Every code there is.
    pub const ALL: [Self; 60] = [
        Self::NotJson,
        Self::TooLarge,
        Self::UnknownColumn,
        Self::MissingColumn,
        Self::WrongShape,
        Self::UnknownType,
        Self::BadName,
        Self::DuplicateName,
        Self::UnknownList,
        Self::DuplicateChoice,
        Self::BadParameter,
        Self::ExpressionTooLong,
        Self::UnclosedText,
        Self::ExpressionEndsEarly,
        Self::Unexpected,
        Self::UnknownFunction,
        Self::WrongArguments,
        Self::UnknownQuestion,
        Self::AmbiguousQuestion,
        Self::BadPattern,
        Self::UnknownListColumn,
        Self::NoRepeat,
        Self::BadDefault,
        Self::LastSavedElsewhere,
        Self::Cycle,
        Self::Unbalanced,
        Self::Contradiction,
        Self::NotAWorkbook,
        Self::OldWorkbook,
        Self::OpenDocument,
        Self::TableAlone,
        Self::Encrypted,
        Self::MissingSheet,
        Self::SheetNotRead,
        Self::MisspeltColumn,
        Self::SpacedHeading,
        Self::DuplicateColumn,
        Self::NoHeading,
        Self::AfterBlanks,
        Self::CellError,
        Self::CurlyQuotes,
        Self::NotKept,
        Self::KeptOnly,
        Self::OtherLanguage,
        Self::ShownAsEnglish,
        Self::OnlyWelsh,
        Self::NoLabel,
        Self::DisabledRow,
        Self::NameMade,
        Self::FormIdChanged,
        Self::VersionNumbered,
        Self::PrefixMade,
        Self::SecondSettings,
        Self::NoService,
        Self::BadService,
        Self::BadPrefix,
        Self::MissingFile,
        Self::UnusedFile,
        Self::BadFile,
        Self::XmlFile,
    ];

    /// As it stands in JSON, and in the key of its sentence: `form_fault.<name>`.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl FormFault {
    pub(super) fn at(
        sheet: Sheet,
        row: usize,
        column: &str,
        code: FormFaultCode,
        what: impl Into<String>,
    ) -> Self {
        let row = u32::try_from(row).ok();
        Self { sheet, row, column: Some(column.to_owned()), code, what: what.into() }
    }

    pub(super) fn expression(sheet: Sheet, row: usize, column: &str, fault: &ExprFault) -> Self {
        let (code, what) = match fault {
            ExprFault::TooLong | ExprFault::TooDeep => (FormFaultCode::ExpressionTooLong, ""),
            ExprFault::UnclosedText => (FormFaultCode::UnclosedText, ""),
            ExprFault::EndsEarly => (FormFaultCode::ExpressionEndsEarly, ""),
            ExprFault::Unexpected(what) => (FormFaultCode::Unexpected, what.as_str()),
            ExprFault::UnknownFunction(what) => (FormFaultCode::UnknownFunction, what.as_str()),
            ExprFault::WrongArguments { function, .. } => (FormFaultCode::WrongArguments, function.as_str()),
            ExprFault::UnknownReference(what) => (FormFaultCode::UnknownQuestion, what.as_str()),
            ExprFault::AmbiguousReference(what) => (FormFaultCode::AmbiguousQuestion, what.as_str()),
            ExprFault::BadPattern(what) => (FormFaultCode::BadPattern, what.as_str()),
            ExprFault::UnknownList(what) => (FormFaultCode::UnknownList, what.as_str()),
            ExprFault::UnknownColumn(what) => (FormFaultCode::UnknownListColumn, what.as_str()),
            ExprFault::NoRepeat(what) => (FormFaultCode::NoRepeat, what.as_str()),
        };
        Self::at(sheet, row, column, code, what)
    }

    pub(super) fn of(sheet: Sheet, code: FormFaultCode, what: impl Into<String>) -> Self {
        Self { sheet, row: None, column: None, code, what: what.into() }
    }
}

impl std::fmt::Display for FormFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sheet, row, column, code, what } = self;
        write!(f, "{}", format!("{sheet:?}").to_lowercase())?;
        if let Some(row) = row {
            write!(f, " row {row}")?;
        }
        if let Some(column) = column {
            write!(f, ", column {column}")?;
        }
        let sentence = match code {
            FormFaultCode::NotJson => "not JSON",
            FormFaultCode::TooLarge => "too large",
            FormFaultCode::UnknownColumn => "a column that is not known",
            FormFaultCode::MissingColumn => "missing",
            FormFaultCode::WrongShape => "not of the right shape",
            FormFaultCode::UnknownType => "a type that is not known",
            FormFaultCode::BadName => "not a name",
            FormFaultCode::DuplicateName => "a name used twice",
            FormFaultCode::UnknownList => "no such list",
            FormFaultCode::DuplicateChoice => "a choice listed twice",
            FormFaultCode::BadParameter => "a parameter that is not known or not a number",
            FormFaultCode::ExpressionTooLong => "an expression that is too long",
            FormFaultCode::UnclosedText => "a quote or a brace that is not closed",
            FormFaultCode::ExpressionEndsEarly => "an expression that ends too early",
            FormFaultCode::Unexpected => "not expected here",
            FormFaultCode::UnknownFunction => "no such function",
            FormFaultCode::WrongArguments => "not what the function takes",
            FormFaultCode::UnknownQuestion => "no such question",
            FormFaultCode::AmbiguousQuestion => "more than one question has this name",
            FormFaultCode::BadPattern => "not a pattern",
            FormFaultCode::UnknownListColumn => "no such column in the list",
            FormFaultCode::NoRepeat => "needs a repeat around it",
            FormFaultCode::BadDefault => "not an answer to the question",
            FormFaultCode::LastSavedElsewhere => "only a default can ask what was saved last",
            FormFaultCode::Cycle => "depends on itself",
            FormFaultCode::Unbalanced => "a section is not closed, or closed twice",
            FormFaultCode::Contradiction => "contradicts the rest of the row",
            FormFaultCode::NotAWorkbook => "not a workbook",
            FormFaultCode::OldWorkbook => "not a workbook of today’s kind",
            FormFaultCode::OpenDocument => "an OpenDocument spreadsheet",
            FormFaultCode::TableAlone => "a table and not a workbook",
            FormFaultCode::Encrypted => "locked with a password",
            FormFaultCode::MissingSheet => "there is no such sheet",
            FormFaultCode::SheetNotRead => "a sheet that is not read",
            FormFaultCode::MisspeltColumn => "a heading that is probably meant to be",
            FormFaultCode::SpacedHeading => "a heading with spaces around it",
            FormFaultCode::DuplicateColumn => "the same column as",
            FormFaultCode::NoHeading => "below no heading",
            FormFaultCode::AfterBlanks => "not read after so many blank rows",
            FormFaultCode::CellError => "a formula that failed",
            FormFaultCode::CurlyQuotes => "curly quotes in an expression",
            FormFaultCode::NotKept => "not kept",
            FormFaultCode::KeptOnly => "kept for export and not followed",
            FormFaultCode::OtherLanguage => "in a language that is not shown",
            FormFaultCode::ShownAsEnglish => "shown as English",
            FormFaultCode::OnlyWelsh => "in Welsh alone",
            FormFaultCode::NoLabel => "without a label",
            FormFaultCode::DisabledRow => "a row that is switched off",
            FormFaultCode::NameMade => "was given a name",
            FormFaultCode::FormIdChanged => "was given another key",
            FormFaultCode::VersionNumbered => "was given a version",
            FormFaultCode::PrefixMade => "was given a prefix",
            FormFaultCode::SecondSettings => "a second row of settings",
            FormFaultCode::NoService => "no service",
            FormFaultCode::BadService => "not a service",
            FormFaultCode::BadPrefix => "not a prefix",
            FormFaultCode::MissingFile => "there is no such file",
            FormFaultCode::UnusedFile => "a file that nothing needs",
            FormFaultCode::BadFile => "a file that cannot be read",
            FormFaultCode::XmlFile => "an XML file",
        };
        write!(f, ": {sentence}: {what}")
    }
}

impl std::error::Error for FormFault {}
