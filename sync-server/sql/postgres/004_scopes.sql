-- Teams someone has left, and up to when they are known to have been in them.
CREATE TABLE membership_past (
  officer BIGINT NOT NULL REFERENCES officer (id),
  team TEXT NOT NULL,
  until_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (officer, team)
);

-- Changes whose writer may no longer make them. Their bytes are in set_aside, and stay there when it is decided.
CREATE TABLE review (
  actor BIGINT NOT NULL,
  counter BIGINT NOT NULL,
  record BYTEA NOT NULL,
  cid BYTEA NOT NULL,
  why TEXT NOT NULL DEFAULT '',
  teams TEXT NOT NULL DEFAULT '[]',
  received_at BIGINT NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  decided_by BIGINT REFERENCES officer (id),
  decided_at BIGINT,
  taken_actor BIGINT,
  taken_counter BIGINT,
  PRIMARY KEY (actor, counter)
);
CREATE INDEX review_open ON review (received_at) WHERE outcome = '';
CREATE INDEX review_record ON review (record);
CREATE INDEX review_cid ON review (cid);

-- Whose record it is: a team, within one of its areas where the record names one; or a person, as '@' and their number.
ALTER TABLE record_team ADD COLUMN area TEXT NOT NULL DEFAULT '';
ALTER TABLE record_team DROP CONSTRAINT record_team_pkey;
ALTER TABLE record_team ADD PRIMARY KEY (record, team, area, since_seq);

CREATE TABLE officer_area (
  officer BIGINT NOT NULL REFERENCES officer (id),
  area TEXT NOT NULL,
  PRIMARY KEY (officer, area)
);
