-- What hotspots leave out: the few cases that were closed because another is of the same thing.
CREATE INDEX case_index_duplicate ON case_index (at, form) WHERE status = 'duplicate';
