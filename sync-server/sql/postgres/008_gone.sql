-- What was taken out of records for good, and records that are gone: as it stands in the ledger outside this database.
CREATE TABLE gone (
  id BYTEA PRIMARY KEY,
  record BYTEA NOT NULL,
  is_purge BIGINT NOT NULL DEFAULT 0,
  seq BIGINT NOT NULL DEFAULT 0,
  entry BYTEA NOT NULL
);
CREATE INDEX gone_record ON gone (record);

-- The hash of what is left of a change in which something was taken out; the change's own stays with its dot.
CREATE TABLE residue (
  actor BIGINT NOT NULL,
  counter BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (actor, counter)
);

-- Files of photos that are still to be deleted: the original, or what a device had sent of it.
CREATE TABLE photo_gone (
  sha256 BYTEA NOT NULL,
  device BYTEA NOT NULL DEFAULT '',
  PRIMARY KEY (sha256, device)
);
