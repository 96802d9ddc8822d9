//! The few values that cross into SQL and back, and a row of them.

use anyhow::{Result, anyhow, bail};
use kerbside_core::ids::{Actor, Cid, DeviceId, Epoch, OfficerId, RecordId, Sha256};
use postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};

/// One value in or out of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Sql {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// The values of a statement, each by its `From`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Sql::from($value)),*] };
}

impl From<i64> for Sql {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Sql {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Sql {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Sql {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Sql {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Sql {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Vec<u8>> for Sql {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl From<&[u8]> for Sql {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Sql {
    fn from(value: [u8; N]) -> Self {
        Self::Blob(value.to_vec())
    }
}

macro_rules! from_ids {
    ($($id:ty),*) => { $(impl From<$id> for Sql {
        fn from(id: $id) -> Self {
            Self::from(id.0)
        }
    })* };
}

from_ids!(Actor, Cid, DeviceId, Epoch, OfficerId, RecordId, Sha256);

impl<T: Into<Sql>> From<Option<T>> for Sql {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Sql {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqliteValue::Null),
            Self::Int(value) => ToSqlOutput::Owned(SqliteValue::Integer(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

impl ToSql for Sql {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *kind == Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
            Self::Int(value) if *kind == Type::INT8 => value.to_sql(kind, out),
            Self::Text(value) if <&str as ToSql>::accepts(kind) => value.to_sql(kind, out),
            Self::Blob(value) if *kind == Type::BYTEA => value.to_sql(kind, out),
            Self::Int(_) | Self::Text(_) | Self::Blob(_) => {
                Err(format!("A parameter of type {kind} was given another kind of value").into())
            }
        }
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// One row, read by column number.
#[derive(Debug, Clone)]
pub struct Row(Vec<Sql>);

impl Row {
    pub(super) fn from_sqlite(row: &rusqlite::Row<'_>, columns: usize) -> Result<Self> {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(match row.get_ref(column)? {
                ValueRef::Null => Sql::Null,
                ValueRef::Integer(value) => Sql::Int(value),
                ValueRef::Text(value) => Sql::Text(String::from_utf8(value.to_vec())?),
                ValueRef::Blob(value) => Sql::Blob(value.to_vec()),
                ValueRef::Real(_) => bail!("A floating number in column {column}"),
            });
        }
        Ok(Self(values))
    }

    pub(super) fn from_postgres(row: &postgres::Row) -> Result<Self> {
        let mut values = Vec::with_capacity(row.len());
        for (index, column) in row.columns().iter().enumerate() {
            let kind = column.type_();
            let value = if *kind == Type::INT8 {
                row.try_get::<_, Option<i64>>(index)?.map(Sql::Int)
            } else if *kind == Type::INT4 {
                row.try_get::<_, Option<i32>>(index)?.map(|value| Sql::Int(i64::from(value)))
            } else if *kind == Type::BYTEA {
                row.try_get::<_, Option<Vec<u8>>>(index)?.map(Sql::Blob)
            } else {
                row.try_get::<_, Option<String>>(index)?.map(Sql::Text)
            };
            values.push(value.unwrap_or(Sql::Null));
        }
        Ok(Self(values))
    }

    /// All of it, in the order of its columns.
    pub(super) fn values(&self) -> &[Sql] {
        &self.0
    }

    fn at(&self, column: usize) -> Result<&Sql> {
        self.0.get(column).ok_or_else(|| anyhow!("No column {column} in a row of {}", self.0.len()))
    }

    pub fn int(&self, column: usize) -> Result<i64> {
        self.find_int(column)?.ok_or_else(|| anyhow!("Column {column} is null"))
    }

    pub fn find_int(&self, column: usize) -> Result<Option<i64>> {
        match self.at(column)? {
            Sql::Null => Ok(None),
            Sql::Int(value) => Ok(Some(*value)),
            Sql::Text(_) | Sql::Blob(_) => bail!("Column {column} is not a number"),
        }
    }

    pub fn u32(&self, column: usize) -> Result<u32> {
        Ok(u32::try_from(self.int(column)?)?)
    }

    pub fn text(&self, column: usize) -> Result<String> {
        match self.at(column)? {
            Sql::Text(value) => Ok(value.clone()),
            Sql::Null | Sql::Int(_) | Sql::Blob(_) => bail!("Column {column} is not text"),
        }
    }

    pub fn blob(&self, column: usize) -> Result<Vec<u8>> {
        self.find_blob(column)?.ok_or_else(|| anyhow!("Column {column} is null"))
    }

    pub fn find_blob(&self, column: usize) -> Result<Option<Vec<u8>>> {
        match self.at(column)? {
            Sql::Null => Ok(None),
            Sql::Blob(value) => Ok(Some(value.clone())),
            Sql::Int(_) | Sql::Text(_) => bail!("Column {column} is not bytes"),
        }
    }

    /// Bytes of a known length: an id, a hash, a key.
    pub fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N]> {
        let found = self.blob(column)?;
        found.try_into().map_err(|_| anyhow!("Column {column} is not {N} bytes long"))
    }

    pub fn find_bytes<const N: usize>(&self, column: usize) -> Result<Option<[u8; N]>> {
        match self.at(column)? {
            Sql::Null => Ok(None),
            Sql::Int(_) | Sql::Text(_) | Sql::Blob(_) => self.bytes(column).map(Some),
        }
    }
}
