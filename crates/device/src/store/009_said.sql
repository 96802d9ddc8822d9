-- What the office said when it declined a change.
CREATE TABLE said (
    actor   INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    PRIMARY KEY (actor, counter)
) STRICT;
