-- Where and when cases are, and how they stand: it repeats what records say, and is made again from them. Latitude and
-- longitude in ten-millionths of a degree, easting and northing in centimetres of the National Grid.
CREATE TABLE case_index (
  record BYTEA PRIMARY KEY,
  form TEXT NOT NULL DEFAULT '',
  at BIGINT NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT '',
  withdrawn BIGINT NOT NULL DEFAULT 0,
  area TEXT NOT NULL DEFAULT '',
  lat BIGINT,
  lon BIGINT,
  easting BIGINT,
  northing BIGINT
);
CREATE INDEX case_index_place ON case_index (lat, lon);
CREATE INDEX case_index_grid ON case_index (easting, northing);
CREATE INDEX case_index_at ON case_index (at, form, withdrawn, easting, northing, area, record);
CREATE INDEX case_index_area ON case_index (area, at);

-- Keys of other systems, by their hashes: each acts as one of the council's people, and may do what they may.
CREATE TABLE api_key (
  hash BYTEA PRIMARY KEY,
  officer BIGINT NOT NULL REFERENCES officer (id),
  name TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL DEFAULT 0,
  revoked_at BIGINT
);
CREATE INDEX api_key_officer ON api_key (officer);
