ALTER TABLE record ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX record_two_answers ON record (first_seq) WHERE two_answers > 0;
CREATE INDEX record_withdrawn ON record (first_seq) WHERE withdrawn = 1;

-- What the device said was still on it when it last called.
ALTER TABLE device ADD COLUMN unsent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN oldest_unsent_at INTEGER;

-- Up to where the device has shown that it holds our receipt.
ALTER TABLE actor ADD COLUMN receipted INTEGER NOT NULL DEFAULT 0;

CREATE INDEX dot_received ON dot (received_at);

-- How often what was here already came again, by the hour (milliseconds since 1970 / 3,600,000).
CREATE TABLE repeat_tally (
  hour INTEGER PRIMARY KEY,
  repeats INTEGER NOT NULL DEFAULT 0
) STRICT;
