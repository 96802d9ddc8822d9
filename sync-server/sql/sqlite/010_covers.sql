-- What was covered on a photo of a record: each drawing is a row of its own, the last one counts, and one without boxes shows the
-- original again. The copy with the boxes filled lies among the photos under its hash.
CREATE TABLE photo_cover (
  record BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  number INTEGER NOT NULL,
  covered BLOB NOT NULL DEFAULT x'',
  bytes INTEGER NOT NULL DEFAULT 0,
  boxes TEXT NOT NULL DEFAULT '[]',
  officer INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (record, sha256, number)
) STRICT;
CREATE INDEX photo_cover_covered ON photo_cover (covered);

-- Copies whose photo was taken out for good: they go from backups too.
CREATE TABLE cover_gone (
  covered BLOB PRIMARY KEY
) STRICT;

-- Who took a pack of a record's photos away, and whether originals were in it that are covered.
CREATE TABLE photo_pack (
  record BLOB NOT NULL,
  at INTEGER NOT NULL DEFAULT 0,
  officer INTEGER NOT NULL DEFAULT 0,
  photos INTEGER NOT NULL DEFAULT 0,
  uncovered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (record, at, officer)
) STRICT;
