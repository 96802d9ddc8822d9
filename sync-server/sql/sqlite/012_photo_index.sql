-- What a search for photos reads: it repeats what records say, and is made again from them. Places are ten-millionths of a degree.
CREATE TABLE photo_index (
  record BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  form TEXT NOT NULL DEFAULT '',
  officer INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL DEFAULT 0,
  lat INTEGER,
  lon INTEGER,
  PRIMARY KEY (record, sha256)
) STRICT;
CREATE INDEX photo_index_at ON photo_index (at, record, sha256);
CREATE INDEX photo_index_officer ON photo_index (officer, at, record, sha256);
CREATE INDEX photo_index_form ON photo_index (form, at, record, sha256);
CREATE INDEX photo_index_place ON photo_index (lat, lon);
