CREATE TABLE repair (
  holder BLOB NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL DEFAULT '',
  record BLOB,
  photo BLOB,
  received_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (holder, number)
) STRICT;
CREATE INDEX repair_at ON repair (received_at);

CREATE TABLE body_missing (
  actor INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  noticed_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (actor, counter)
) STRICT;
