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
