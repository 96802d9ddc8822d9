-- What this vault put right by itself. What it asked its server for to that end has no `done_ms` until it came.
CREATE TABLE repair (
    number     INTEGER NOT NULL PRIMARY KEY,
    noticed_ms INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    record     BLOB,
    photo      BLOB,
    done_ms    INTEGER,
    told       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX repair_open ON repair (record) WHERE done_ms IS NULL;
CREATE INDEX repair_untold ON repair (number) WHERE told = 0;

-- When the records here were last compared with the server's. One row.
CREATE TABLE comparison (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    at_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO comparison (one) VALUES (1);
