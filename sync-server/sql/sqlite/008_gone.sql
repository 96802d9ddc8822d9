-- What was taken out of records for good, and records that are gone: as it stands in the ledger outside this database.
CREATE TABLE gone (
  id BLOB PRIMARY KEY,
  record BLOB NOT NULL,
  is_purge INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  entry BLOB NOT NULL
) STRICT;
CREATE INDEX gone_record ON gone (record);

-- The hash of what is left of a change in which something was taken out; the change's own stays with its dot.
CREATE TABLE residue (
  actor INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (actor, counter)
) STRICT;

-- Files of photos that are still to be deleted: the original, or what a device had sent of it.
CREATE TABLE photo_gone (
  sha256 BLOB NOT NULL,
  device BLOB NOT NULL DEFAULT x'',
  PRIMARY KEY (sha256, device)
) STRICT;
