-- Up to which number words of the log were cut: whoever has read less is filled anew.
ALTER TABLE council ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;

-- Records whose log was cut (its entries are of kind 5 since): the hash of what they were folded to there, and of what is
-- left of each change. The state itself stands in the record's own row until the record goes on.
CREATE TABLE cut (
  record BLOB PRIMARY KEY,
  hash BLOB NOT NULL,
  left_hash BLOB NOT NULL,
  state BLOB NOT NULL DEFAULT x'',
  cut_at INTEGER NOT NULL DEFAULT 0
) STRICT;
