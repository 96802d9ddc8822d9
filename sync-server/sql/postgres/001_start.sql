CREATE TABLE council (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  key TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  settings TEXT NOT NULL DEFAULT '{}',
  server BYTEA NOT NULL,
  epoch BYTEA NOT NULL,
  revision BIGINT NOT NULL DEFAULT 0,
  seq BIGINT NOT NULL DEFAULT 0,
  last_actor BIGINT NOT NULL DEFAULT 0,
  last_officer BIGINT NOT NULL DEFAULT 0,
  hlc BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE server_key (
  name TEXT PRIMARY KEY,
  secret BYTEA NOT NULL,
  created_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE team (
  key TEXT PRIMARY KEY,
  service TEXT NOT NULL DEFAULT '',
  settings TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE officer (
  id BIGINT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL DEFAULT 'viewer',
  service TEXT NOT NULL DEFAULT '',
  short_code TEXT NOT NULL DEFAULT '',
  password TEXT NOT NULL DEFAULT '',
  disabled_at BIGINT
);

CREATE TABLE membership (
  officer BIGINT NOT NULL REFERENCES officer (id),
  team TEXT NOT NULL REFERENCES team (key),
  PRIMARY KEY (officer, team)
);

CREATE TABLE device (
  id BYTEA PRIMARY KEY,
  public_key BYTEA NOT NULL,
  officer BIGINT NOT NULL REFERENCES officer (id),
  short_code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL DEFAULT '',
  app_version TEXT NOT NULL DEFAULT '',
  unlock_share BYTEA NOT NULL,
  enrolled_at BIGINT NOT NULL DEFAULT 0,
  last_seen_at BIGINT NOT NULL DEFAULT 0,
  revoked_at BIGINT
);

CREATE TABLE enrol_code (
  hash BYTEA PRIMARY KEY,
  officer BIGINT NOT NULL REFERENCES officer (id),
  created_at BIGINT NOT NULL DEFAULT 0,
  expires_at BIGINT NOT NULL DEFAULT 0,
  used_at BIGINT,
  device BYTEA
);

CREATE TABLE actor (
  id BIGINT PRIMARY KEY,
  device BYTEA REFERENCES device (id),
  officer BIGINT NOT NULL REFERENCES officer (id),
  epoch BYTEA NOT NULL,
  last_counter BIGINT NOT NULL DEFAULT 0,
  chain BYTEA NOT NULL,
  acked BIGINT NOT NULL DEFAULT 0,
  successor BIGINT,
  retired_at BIGINT
);
CREATE INDEX actor_device ON actor (device);
CREATE INDEX actor_officer ON actor (officer, epoch);

CREATE TABLE head (
  actor BIGINT NOT NULL REFERENCES actor (id),
  counter BIGINT NOT NULL,
  signed BYTEA NOT NULL,
  received_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (actor, counter)
);

CREATE TABLE dot (
  actor BIGINT NOT NULL REFERENCES actor (id),
  counter BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  chain BYTEA NOT NULL,
  cid BYTEA NOT NULL,
  record BYTEA NOT NULL,
  verdict BIGINT NOT NULL DEFAULT 0,
  code TEXT NOT NULL DEFAULT '',
  other_actor BIGINT,
  other_counter BIGINT,
  seq BIGINT,
  received_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (actor, counter)
);
CREATE INDEX dot_cid ON dot (cid);

CREATE TABLE set_aside (
  actor BIGINT NOT NULL,
  counter BIGINT NOT NULL,
  waits_actor BIGINT,
  waits_counter BIGINT,
  body BYTEA NOT NULL,
  PRIMARY KEY (actor, counter)
);
CREATE INDEX set_aside_waits ON set_aside (waits_actor, waits_counter);

CREATE TABLE log (
  seq BIGINT PRIMARY KEY,
  kind BIGINT NOT NULL DEFAULT 0,
  record BYTEA NOT NULL,
  actor BIGINT,
  counter BIGINT,
  received_at BIGINT NOT NULL DEFAULT 0,
  body BYTEA NOT NULL
);
CREATE INDEX log_record ON log (record, seq);

CREATE TABLE record (
  id BYTEA NOT NULL UNIQUE,
  form TEXT NOT NULL DEFAULT '',
  form_version BIGINT NOT NULL DEFAULT 0,
  reference TEXT NOT NULL DEFAULT '',
  office_reference TEXT NOT NULL DEFAULT '',
  created_by BIGINT NOT NULL DEFAULT 0,
  created_actor BIGINT NOT NULL DEFAULT 0,
  captured_at BIGINT NOT NULL DEFAULT 0,
  received_at BIGINT NOT NULL DEFAULT 0,
  first_seq BIGINT NOT NULL DEFAULT 0,
  last_seq BIGINT NOT NULL DEFAULT 0,
  summary TEXT NOT NULL DEFAULT '',
  words TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT '',
  two_answers BIGINT NOT NULL DEFAULT 0,
  photos_named BIGINT NOT NULL DEFAULT 0,
  photos_received BIGINT NOT NULL DEFAULT 0,
  state BYTEA NOT NULL
);
CREATE INDEX record_captured ON record (captured_at);
CREATE INDEX record_first_seq ON record (first_seq);

CREATE TABLE number_row (
  prefix TEXT PRIMARY KEY,
  last BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE record_team (
  record BYTEA NOT NULL,
  team TEXT NOT NULL,
  since_seq BIGINT NOT NULL DEFAULT 0,
  until_seq BIGINT,
  until_at BIGINT,
  PRIMARY KEY (record, team, since_seq)
);
CREATE INDEX record_team_team ON record_team (team, until_seq, record, since_seq);

CREATE TABLE photo (
  sha256 BYTEA PRIMARY KEY,
  bytes BIGINT NOT NULL DEFAULT 0,
  received_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE photo_named (
  record BYTEA NOT NULL,
  sha256 BYTEA NOT NULL,
  actor BIGINT NOT NULL,
  bytes BIGINT NOT NULL DEFAULT 0,
  named_seq BIGINT NOT NULL DEFAULT 0,
  sent_at BIGINT,
  PRIMARY KEY (record, sha256, actor)
);
CREATE INDEX photo_named_hash ON photo_named (sha256);

CREATE TABLE upload (
  capability BYTEA PRIMARY KEY,
  device BYTEA NOT NULL REFERENCES device (id),
  record BYTEA NOT NULL,
  sha256 BYTEA NOT NULL,
  bytes BIGINT NOT NULL DEFAULT 0,
  expires_at BIGINT NOT NULL DEFAULT 0,
  completed_at BIGINT
);
CREATE INDEX upload_photo ON upload (device, sha256);

CREATE TABLE session (
  token BYTEA PRIMARY KEY,
  officer BIGINT NOT NULL REFERENCES officer (id),
  csrf TEXT NOT NULL,
  created_at BIGINT NOT NULL DEFAULT 0,
  seen_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE sign_in_try (
  key TEXT PRIMARY KEY,
  tries BIGINT NOT NULL DEFAULT 0,
  last_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE pack (
  name TEXT NOT NULL,
  version BIGINT NOT NULL,
  sha256 BYTEA NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (name, version)
);

CREATE TABLE heartbeat (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  at BIGINT NOT NULL DEFAULT 0
);
INSERT INTO heartbeat (id, at) VALUES (1, 0);
