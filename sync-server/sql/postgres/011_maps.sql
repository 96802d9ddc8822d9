-- Maps that devices hold: the newest version of each key is on offer, and lies as a file under its hash. Edges are
-- ten-millionths of a degree; an empty list of areas is everyone's.
CREATE TABLE area_pack (
  key TEXT NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  sha256 BYTEA NOT NULL,
  bytes BIGINT NOT NULL DEFAULT 0,
  west BIGINT NOT NULL DEFAULT 0,
  south BIGINT NOT NULL DEFAULT 0,
  east BIGINT NOT NULL DEFAULT 0,
  north BIGINT NOT NULL DEFAULT 0,
  min_zoom BIGINT NOT NULL DEFAULT 0,
  max_zoom BIGINT NOT NULL DEFAULT 0,
  areas TEXT NOT NULL DEFAULT '[]',
  imported_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (key, version)
);
