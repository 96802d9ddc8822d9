ALTER TABLE actor ADD COLUMN backed_up_through BIGINT NOT NULL DEFAULT 0;
ALTER TABLE photo ADD COLUMN backed_up BIGINT NOT NULL DEFAULT 0;
ALTER TABLE set_aside ADD COLUMN waits_record BYTEA;
CREATE INDEX set_aside_waits_record ON set_aside (waits_record);

CREATE TABLE backup (
  name TEXT PRIMARY KEY,
  made_at BIGINT NOT NULL DEFAULT 0,
  records BIGINT NOT NULL DEFAULT 0,
  changes BIGINT NOT NULL DEFAULT 0,
  photos BIGINT NOT NULL DEFAULT 0,
  bytes BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE life (
  epoch BYTEA PRIMARY KEY,
  began_at BIGINT NOT NULL DEFAULT 0,
  backup_at BIGINT NOT NULL DEFAULT 0,
  numbers_from BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE loss (
  actor BIGINT NOT NULL,
  from_counter BIGINT NOT NULL,
  to_counter BIGINT NOT NULL,
  noted_at BIGINT NOT NULL DEFAULT 0,
  proof BYTEA NOT NULL,
  PRIMARY KEY (actor, from_counter)
);

CREATE TABLE given_up (
  actor BIGINT PRIMARY KEY,
  counter BIGINT NOT NULL DEFAULT 0,
  noted_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE given_up_record (
  record BYTEA PRIMARY KEY,
  noted_at BIGINT NOT NULL DEFAULT 0
);
