-- Up to which number words of the log were cut: whoever has read less is filled anew.
ALTER TABLE council ADD COLUMN floor BIGINT NOT NULL DEFAULT 0;

-- Records whose log was cut (its entries are of kind 5 since): the hash of what they were folded to there, and of what is
-- left of each change. The state itself stands in the record's own row until the record goes on.
CREATE TABLE cut (
  record BYTEA PRIMARY KEY,
  hash BYTEA NOT NULL,
  left_hash BYTEA NOT NULL,
  state BYTEA NOT NULL DEFAULT '',
  cut_at BIGINT NOT NULL DEFAULT 0
);
