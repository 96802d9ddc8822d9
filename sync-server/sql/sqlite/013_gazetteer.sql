-- What stands of each area's gazetteer. A row of it stands in every release from `since` to before `until`, so that a
-- release that is being brought in is not seen, and what changed between two of them can be asked.
CREATE TABLE gazetteer (
  area TEXT PRIMARY KEY,
  release INTEGER NOT NULL DEFAULT 0,
  oldest INTEGER NOT NULL DEFAULT 0,
  rows INTEGER NOT NULL DEFAULT 0,
  sum INTEGER NOT NULL DEFAULT 0,
  source TEXT NOT NULL DEFAULT '',
  brought_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE gazetteer_block (
  id INTEGER PRIMARY KEY,
  usrn INTEGER,
  organisation TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  street TEXT NOT NULL DEFAULT '',
  locality TEXT NOT NULL DEFAULT '',
  town TEXT NOT NULL DEFAULT '',
  postcode TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX gazetteer_block_usrn ON gazetteer_block (usrn);

CREATE TABLE gazetteer_address (
  uprn INTEGER NOT NULL,
  area TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
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
  PRIMARY KEY (uprn, area, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX gazetteer_address_block ON gazetteer_address (block);
CREATE INDEX gazetteer_address_cell ON gazetteer_address (cell);

CREATE TABLE gazetteer_word (
  word TEXT NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY (word, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE gazetteer_term (
  word TEXT PRIMARY KEY,
  blocks INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Each longer word, one letter shorter: two words one slip apart meet here.
CREATE TABLE gazetteer_slip (
  shortened TEXT NOT NULL,
  word TEXT NOT NULL,
  PRIMARY KEY (shortened, word)
) STRICT, WITHOUT ROWID;
