-- Records side by side, as a page of the server brought them, for as long as nobody has touched them since.
CREATE TABLE block (
    id   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- How many records still lie in it.
    held INTEGER NOT NULL,
    body BLOB    NOT NULL
) STRICT;
-- Where a record lies whose confirmed and shown states are what a block says: then it has neither of its own.
ALTER TABLE record ADD COLUMN block INTEGER;
ALTER TABLE record ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
-- The list that it put in order is read whole, and every save and every record of a page paid for it.
DROP INDEX record_by_change;
