CREATE TABLE repair (
  holder BYTEA NOT NULL,
  number BIGINT NOT NULL,
  at BIGINT NOT NULL DEFAULT 0,
  kind TEXT NOT NULL DEFAULT '',
  record BYTEA,
  photo BYTEA,
  received_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (holder, number)
);
CREATE INDEX repair_at ON repair (received_at);

CREATE TABLE body_missing (
  actor BIGINT NOT NULL,
  counter BIGINT NOT NULL,
  noticed_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (actor, counter)
);
