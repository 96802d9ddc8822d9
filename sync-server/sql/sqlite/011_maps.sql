-- Maps that devices hold: the newest version of each key is on offer, and lies as a file under its hash. Edges are
-- ten-millionths of a degree; an empty list of areas is everyone's.
CREATE TABLE area_pack (
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  sha256 BLOB NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0,
  west INTEGER NOT NULL DEFAULT 0,
  south INTEGER NOT NULL DEFAULT 0,
  east INTEGER NOT NULL DEFAULT 0,
  north INTEGER NOT NULL DEFAULT 0,
  min_zoom INTEGER NOT NULL DEFAULT 0,
  max_zoom INTEGER NOT NULL DEFAULT 0,
  areas TEXT NOT NULL DEFAULT '[]',
  imported_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (key, version)
) STRICT;
