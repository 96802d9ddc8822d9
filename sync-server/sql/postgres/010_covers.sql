-- What was covered on a photo of a record: each drawing is a row of its own, the last one counts, and one without boxes shows the
-- original again. The copy with the boxes filled lies among the photos under its hash.
CREATE TABLE photo_cover (
  record BYTEA NOT NULL,
  sha256 BYTEA NOT NULL,
  number BIGINT NOT NULL,
  covered BYTEA NOT NULL DEFAULT '',
  bytes BIGINT NOT NULL DEFAULT 0,
  boxes TEXT NOT NULL DEFAULT '[]',
  officer BIGINT NOT NULL DEFAULT 0,
  at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (record, sha256, number)
);
CREATE INDEX photo_cover_covered ON photo_cover (covered);

-- Copies whose photo was taken out for good: they go from backups too.
CREATE TABLE cover_gone (
  covered BYTEA PRIMARY KEY
);

-- Who took a pack of a record's photos away, and whether originals were in it that are covered.
CREATE TABLE photo_pack (
  record BYTEA NOT NULL,
  at BIGINT NOT NULL DEFAULT 0,
  officer BIGINT NOT NULL DEFAULT 0,
  photos BIGINT NOT NULL DEFAULT 0,
  uncovered BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (record, at, officer)
);
