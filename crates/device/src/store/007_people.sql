ALTER TABLE record ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;

-- The officer was told that a photo was refused and has put it away.
ALTER TABLE upload ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;

-- Somebody else's choice over an answer of this officer, until they have seen it.
CREATE TABLE outcome (
    record  BLOB    NOT NULL REFERENCES record (id) ON DELETE CASCADE,
    field   TEXT    NOT NULL,
    mine    TEXT    NOT NULL,
    kept    TEXT    NOT NULL,
    officer INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (record, field)
) STRICT;

-- Up to when what the device did by itself has been read, by its kind in the journal.
CREATE TABLE put_away (
    kind  TEXT    NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL
) STRICT;

-- Every exchange asks how much is still here; without it that would read every photo there is.
CREATE INDEX upload_unsent ON upload (since_ms) WHERE state IN ('saved', 'sending');
