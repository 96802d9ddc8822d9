CREATE TABLE council (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  key TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  settings TEXT NOT NULL DEFAULT '{}',
  server BLOB NOT NULL,
  epoch BLOB NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  last_actor INTEGER NOT NULL DEFAULT 0,
  last_officer INTEGER NOT NULL DEFAULT 0,
  hlc INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE server_key (
  name TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  created_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE team (
  key TEXT PRIMARY KEY,
  service TEXT NOT NULL DEFAULT '',
  settings TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE officer (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL DEFAULT 'viewer',
  service TEXT NOT NULL DEFAULT '',
  short_code TEXT NOT NULL DEFAULT '',
  password TEXT NOT NULL DEFAULT '',
  disabled_at INTEGER
) STRICT;

CREATE TABLE membership (
  officer INTEGER NOT NULL REFERENCES officer (id),
  team TEXT NOT NULL REFERENCES team (key),
  PRIMARY KEY (officer, team)
) STRICT;

CREATE TABLE device (
  id BLOB PRIMARY KEY,
  public_key BLOB NOT NULL,
  officer INTEGER NOT NULL REFERENCES officer (id),
  short_code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL DEFAULT '',
  app_version TEXT NOT NULL DEFAULT '',
  unlock_share BLOB NOT NULL,
  enrolled_at INTEGER NOT NULL DEFAULT 0,
  last_seen_at INTEGER NOT NULL DEFAULT 0,
  revoked_at INTEGER
) STRICT;

CREATE TABLE enrol_code (
  hash BLOB PRIMARY KEY,
  officer INTEGER NOT NULL REFERENCES officer (id),
  created_at INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL DEFAULT 0,
  used_at INTEGER,
  device BLOB
) STRICT;

CREATE TABLE actor (
  id INTEGER PRIMARY KEY,
  device BLOB REFERENCES device (id),
  officer INTEGER NOT NULL REFERENCES officer (id),
  epoch BLOB NOT NULL,
  last_counter INTEGER NOT NULL DEFAULT 0,
  chain BLOB NOT NULL,
  acked INTEGER NOT NULL DEFAULT 0,
  successor INTEGER,
  retired_at INTEGER
) STRICT;
CREATE INDEX actor_device ON actor (device);
CREATE INDEX actor_officer ON actor (officer, epoch);

CREATE TABLE head (
  actor INTEGER NOT NULL REFERENCES actor (id),
  counter INTEGER NOT NULL,
  signed BLOB NOT NULL,
  received_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (actor, counter)
) STRICT;

CREATE TABLE dot (
  actor INTEGER NOT NULL REFERENCES actor (id),
  counter INTEGER NOT NULL,
  hash BLOB NOT NULL,
  chain BLOB NOT NULL,
  cid BLOB NOT NULL,
  record BLOB NOT NULL,
  verdict INTEGER NOT NULL DEFAULT 0,
  code TEXT NOT NULL DEFAULT '',
  other_actor INTEGER,
  other_counter INTEGER,
  seq INTEGER,
  received_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (actor, counter)
) STRICT;
CREATE INDEX dot_cid ON dot (cid);

CREATE TABLE set_aside (
  actor INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  waits_actor INTEGER,
  waits_counter INTEGER,
  body BLOB NOT NULL,
  PRIMARY KEY (actor, counter)
) STRICT;
CREATE INDEX set_aside_waits ON set_aside (waits_actor, waits_counter);

CREATE TABLE log (
  seq INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL DEFAULT 0,
  record BLOB NOT NULL,
  actor INTEGER,
  counter INTEGER,
  received_at INTEGER NOT NULL DEFAULT 0,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX log_record ON log (record, seq);

CREATE TABLE record (
  id BLOB NOT NULL UNIQUE,
  form TEXT NOT NULL DEFAULT '',
  form_version INTEGER NOT NULL DEFAULT 0,
  reference TEXT NOT NULL DEFAULT '',
  office_reference TEXT NOT NULL DEFAULT '',
  created_by INTEGER NOT NULL DEFAULT 0,
  created_actor INTEGER NOT NULL DEFAULT 0,
  captured_at INTEGER NOT NULL DEFAULT 0,
  received_at INTEGER NOT NULL DEFAULT 0,
  first_seq INTEGER NOT NULL DEFAULT 0,
  last_seq INTEGER NOT NULL DEFAULT 0,
  summary TEXT NOT NULL DEFAULT '',
  words TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT '',
  two_answers INTEGER NOT NULL DEFAULT 0,
  photos_named INTEGER NOT NULL DEFAULT 0,
  photos_received INTEGER NOT NULL DEFAULT 0,
  state BLOB NOT NULL
) STRICT;
CREATE INDEX record_captured ON record (captured_at);
CREATE INDEX record_first_seq ON record (first_seq);

CREATE TABLE number_row (
  prefix TEXT PRIMARY KEY,
  last INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE record_team (
  record BLOB NOT NULL,
  team TEXT NOT NULL,
  since_seq INTEGER NOT NULL DEFAULT 0,
  until_seq INTEGER,
  until_at INTEGER,
  PRIMARY KEY (record, team, since_seq)
) STRICT;
CREATE INDEX record_team_team ON record_team (team, until_seq, record, since_seq);

CREATE TABLE photo (
  sha256 BLOB PRIMARY KEY,
  bytes INTEGER NOT NULL DEFAULT 0,
  received_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE photo_named (
  record BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  actor INTEGER NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0,
  named_seq INTEGER NOT NULL DEFAULT 0,
  sent_at INTEGER,
  PRIMARY KEY (record, sha256, actor)
) STRICT;
CREATE INDEX photo_named_hash ON photo_named (sha256);

CREATE TABLE upload (
  capability BLOB PRIMARY KEY,
  device BLOB NOT NULL REFERENCES device (id),
  record BLOB NOT NULL,
  sha256 BLOB NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL DEFAULT 0,
  completed_at INTEGER
) STRICT;
CREATE INDEX upload_photo ON upload (device, sha256);

CREATE TABLE session (
  token BLOB PRIMARY KEY,
  officer INTEGER NOT NULL REFERENCES officer (id),
  csrf TEXT NOT NULL,
  created_at INTEGER NOT NULL DEFAULT 0,
  seen_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE sign_in_try (
  key TEXT PRIMARY KEY,
  tries INTEGER NOT NULL DEFAULT 0,
  last_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE pack (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;

CREATE TABLE heartbeat (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO heartbeat (id, at) VALUES (1, 0);
