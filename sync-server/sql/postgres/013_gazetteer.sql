-- What stands of each area's gazetteer. A row of it stands in every release from `since` to before `until`, so that a
-- release that is being brought in is not seen, and what changed between two of them can be asked.
CREATE TABLE gazetteer (
  area TEXT COLLATE "C" PRIMARY KEY,
  release BIGINT NOT NULL DEFAULT 0,
  oldest BIGINT NOT NULL DEFAULT 0,
  rows BIGINT NOT NULL DEFAULT 0,
  sum BIGINT NOT NULL DEFAULT 0,
  source TEXT COLLATE "C" NOT NULL DEFAULT '',
  brought_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE gazetteer_block (
  id BIGINT PRIMARY KEY,
  usrn BIGINT,
  organisation TEXT COLLATE "C" NOT NULL DEFAULT '',
  name TEXT COLLATE "C" NOT NULL DEFAULT '',
  street TEXT COLLATE "C" NOT NULL DEFAULT '',
  locality TEXT COLLATE "C" NOT NULL DEFAULT '',
  town TEXT COLLATE "C" NOT NULL DEFAULT '',
  postcode TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX gazetteer_block_usrn ON gazetteer_block (usrn);

CREATE TABLE gazetteer_address (
  uprn BIGINT NOT NULL,
  area TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT,
  block BIGINT NOT NULL,
  unit TEXT COLLATE "C" NOT NULL DEFAULT '',
  unit_number TEXT COLLATE "C" NOT NULL DEFAULT '',
  number TEXT COLLATE "C" NOT NULL DEFAULT '',
  low BIGINT,
  high BIGINT,
  unit_at BIGINT,
  class TEXT COLLATE "C" NOT NULL DEFAULT '',
  standing BIGINT NOT NULL DEFAULT 1,
  lat BIGINT NOT NULL,
  lon BIGINT NOT NULL,
  cell BIGINT NOT NULL,
  mark BIGINT NOT NULL,
  PRIMARY KEY (uprn, area, since)
);
CREATE INDEX gazetteer_address_block ON gazetteer_address (block);
CREATE INDEX gazetteer_address_cell ON gazetteer_address (cell);

CREATE TABLE gazetteer_word (
  word TEXT COLLATE "C" NOT NULL,
  block BIGINT NOT NULL,
  PRIMARY KEY (word, block)
);

CREATE TABLE gazetteer_term (
  word TEXT COLLATE "C" PRIMARY KEY,
  blocks BIGINT NOT NULL DEFAULT 0
);

-- Each longer word, one letter shorter: two words one slip apart meet here.
CREATE TABLE gazetteer_slip (
  shortened TEXT COLLATE "C" NOT NULL,
  word TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (shortened, word)
);
