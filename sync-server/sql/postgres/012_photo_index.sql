-- What a search for photos reads: it repeats what records say, and is made again from them. Places are ten-millionths of a degree.
CREATE TABLE photo_index (
  record BYTEA NOT NULL,
  sha256 BYTEA NOT NULL,
  form TEXT NOT NULL DEFAULT '',
  officer BIGINT NOT NULL DEFAULT 0,
  at BIGINT NOT NULL DEFAULT 0,
  lat BIGINT,
  lon BIGINT,
  PRIMARY KEY (record, sha256)
);
CREATE INDEX photo_index_at ON photo_index (at, record, sha256);
CREATE INDEX photo_index_officer ON photo_index (officer, at, record, sha256);
CREATE INDEX photo_index_form ON photo_index (form, at, record, sha256);
CREATE INDEX photo_index_place ON photo_index (lat, lon);
