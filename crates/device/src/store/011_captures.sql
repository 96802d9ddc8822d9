-- A camera that was opened for a question of a draft. Written before it opens; taken away once its photo is here or none was taken.
CREATE TABLE pending_capture (
    draft    BLOB    NOT NULL,
    field    TEXT    NOT NULL,
    way      INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (draft, field)
) STRICT;

-- How many bytes of photos this device sent over networks that may cost money, by month.
CREATE TABLE data_use (
    month TEXT    NOT NULL PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;

-- What the officer chose for this device.
CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- A person let the photo go, whatever the network or the budget.
ALTER TABLE upload ADD COLUMN let_go INTEGER NOT NULL DEFAULT 0;
