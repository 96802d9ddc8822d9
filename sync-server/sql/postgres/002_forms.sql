CREATE TABLE form_version (
  form TEXT NOT NULL,
  version BIGINT NOT NULL,
  from_ms BIGINT NOT NULL DEFAULT 0,
  published_ms BIGINT NOT NULL DEFAULT 0,
  published_by BIGINT REFERENCES officer (id),
  withdrawn_ms BIGINT,
  withdrawn_by BIGINT REFERENCES officer (id),
  PRIMARY KEY (form, version)
);
INSERT INTO form_version (form, version) SELECT SUBSTR(name, 6), version FROM pack WHERE name LIKE 'form.%';

CREATE TABLE form_team (
  form TEXT NOT NULL,
  team TEXT NOT NULL REFERENCES team (key),
  PRIMARY KEY (form, team)
);

CREATE TABLE form_draft (
  id TEXT PRIMARY KEY,
  form TEXT NOT NULL DEFAULT '',
  document TEXT NOT NULL DEFAULT '{}',
  source TEXT NOT NULL DEFAULT '',
  imported_ms BIGINT NOT NULL DEFAULT 0,
  imported_by BIGINT REFERENCES officer (id),
  problems TEXT NOT NULL DEFAULT '[]'
);
