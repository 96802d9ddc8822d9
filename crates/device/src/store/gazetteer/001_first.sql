-- A release that is still coming has higher numbers than the one that stands, and is not seen.
CREATE TABLE gazetteer (
  area TEXT PRIMARY KEY,
  release INTEGER NOT NULL DEFAULT 0,
  rows INTEGER NOT NULL DEFAULT 0,
  sum INTEGER NOT NULL DEFAULT 0,
  coming INTEGER NOT NULL DEFAULT 0,
  coming_rows INTEGER NOT NULL DEFAULT 0,
  coming_sum INTEGER NOT NULL DEFAULT 0,
  since INTEGER NOT NULL DEFAULT 0,
  after INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE block (
  id INTEGER PRIMARY KEY,
  usrn INTEGER,
  organisation TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  street TEXT NOT NULL DEFAULT '',
  locality TEXT NOT NULL DEFAULT '',
  town TEXT NOT NULL DEFAULT '',
  postcode TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX block_usrn ON block (usrn);

CREATE TABLE address (
  uprn INTEGER NOT NULL,
  area TEXT NOT NULL,
  release INTEGER NOT NULL,
  block INTEGER NOT NULL,
  unit TEXT NOT NULL DEFAULT '',
  unit_number TEXT NOT NULL DEFAULT '',
  number TEXT NOT NULL DEFAULT '',
  low INTEGER,
  high INTEGER,
  unit_at INTEGER,
  class TEXT NOT NULL DEFAULT '',
  standing INTEGER NOT NULL DEFAULT 1,
  lat INTEGER NOT NULL,
  lon INTEGER NOT NULL,
  cell INTEGER NOT NULL,
  mark INTEGER NOT NULL,
  PRIMARY KEY (uprn, area, release)
) STRICT, WITHOUT ROWID;
CREATE INDEX address_block ON address (block);
CREATE INDEX address_cell ON address (cell);

-- What the coming release no longer has, or tells anew.
CREATE TABLE leaving (
  area TEXT NOT NULL,
  uprn INTEGER NOT NULL,
  PRIMARY KEY (area, uprn)
) STRICT, WITHOUT ROWID;

CREATE TABLE word (
  word TEXT NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY (word, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE term (
  word TEXT PRIMARY KEY,
  blocks INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Each longer word, one letter shorter: two words one slip apart meet here.
CREATE TABLE slip (
  shortened TEXT NOT NULL,
  word TEXT NOT NULL,
  PRIMARY KEY (shortened, word)
) STRICT, WITHOUT ROWID;
