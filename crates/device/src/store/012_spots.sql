-- Where records are, worked out between rounds or when somebody looks nearby. Whatever changes in a record takes its spot away, so
-- that it is worked out anew; one without a place keeps that it has none.
CREATE TABLE spot (
    record BLOB    NOT NULL PRIMARY KEY,
    form   TEXT    NOT NULL,
    placed INTEGER NOT NULL,
    lat_e7 INTEGER NOT NULL DEFAULT 0,
    lon_e7 INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX spot_place ON spot (form, lat_e7, lon_e7) WHERE placed = 1;

CREATE TRIGGER spot_of_changed AFTER UPDATE OF form, base, head, block, place ON record BEGIN
    DELETE FROM spot WHERE record = NEW.id;
END;

CREATE TRIGGER spot_of_gone AFTER DELETE ON record BEGIN
    DELETE FROM spot WHERE record = OLD.id;
END;
