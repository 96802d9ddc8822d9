-- Lists of what the council looks after at a point. Only what stands is kept, compressed; a list that was removed leaves its
-- version behind, so that no device takes the next one for it. An empty list of teams is everyone's.
CREATE TABLE asset_set (
  key TEXT PRIMARY KEY,
  version BIGINT NOT NULL DEFAULT 1,
  teams TEXT NOT NULL DEFAULT '[]',
  sha256 BYTEA NOT NULL,
  body BYTEA NOT NULL,
  imported_at BIGINT NOT NULL DEFAULT 0,
  removed_at BIGINT
);
