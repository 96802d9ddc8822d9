-- Teams someone has left, and up to when they are known to have been in them.
CREATE TABLE membership_past (
  officer INTEGER NOT NULL REFERENCES officer (id),
  team TEXT NOT NULL,
  until_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (officer, team)
) STRICT;

-- Changes whose writer may no longer make them. Their bytes are in set_aside, and stay there when it is decided.
CREATE TABLE review (
  actor INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  record BLOB NOT NULL,
  cid BLOB NOT NULL,
  why TEXT NOT NULL DEFAULT '',
  teams TEXT NOT NULL DEFAULT '[]',
  received_at INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  decided_by INTEGER REFERENCES officer (id),
  decided_at INTEGER,
  taken_actor INTEGER,
  taken_counter INTEGER,
  PRIMARY KEY (actor, counter)
) STRICT;
CREATE INDEX review_open ON review (received_at) WHERE outcome = '';
CREATE INDEX review_record ON review (record);
CREATE INDEX review_cid ON review (cid);

-- Whose record it is: a team, within one of its areas where the record names one; or a person, as '@' and their number.
ALTER TABLE record_team RENAME TO record_team_before;
CREATE TABLE record_team (
  record BLOB NOT NULL,
  team TEXT NOT NULL,
  area TEXT NOT NULL DEFAULT '',
  since_seq INTEGER NOT NULL DEFAULT 0,
  until_seq INTEGER,
  until_at INTEGER,
  PRIMARY KEY (record, team, area, since_seq)
) STRICT;
INSERT INTO record_team (record, team, since_seq, until_seq, until_at)
  SELECT record, team, since_seq, until_seq, until_at FROM record_team_before;
DROP TABLE record_team_before;
CREATE INDEX record_team_team ON record_team (team, until_seq, record, since_seq);

CREATE TABLE officer_area (
  officer INTEGER NOT NULL REFERENCES officer (id),
  area TEXT NOT NULL,
  PRIMARY KEY (officer, area)
) STRICT;
