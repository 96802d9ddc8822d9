-- Who this vault belongs to, as the server allotted it. One row.
CREATE TABLE identity (
    one         INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    body        BLOB    NOT NULL
) STRICT;

-- How far the exchange has come. One row; every save and every exchange moves it in its own transaction.
CREATE TABLE progress (
    one             INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    actor           INTEGER NOT NULL,
    counter         INTEGER NOT NULL DEFAULT 0,
    chain           BLOB    NOT NULL,
    pushed          INTEGER NOT NULL DEFAULT 0,
    received        INTEGER NOT NULL DEFAULT 0,
    acked           INTEGER NOT NULL DEFAULT 0,
    cursor          BLOB,
    epoch           BLOB    NOT NULL,
    nonce           BLOB,
    hlc             INTEGER NOT NULL DEFAULT 0,
    boot            INTEGER NOT NULL DEFAULT 0,
    server_offset_ms INTEGER,
    reference       INTEGER NOT NULL DEFAULT 0,
    forked          INTEGER NOT NULL DEFAULT 0,
    failures        INTEGER NOT NULL DEFAULT 0,
    next_try_ms     INTEGER,
    why             TEXT    NOT NULL DEFAULT 'none',
    last_received_ms INTEGER,
    receipt         BLOB
) STRICT;

-- Every change made here, as the bytes that were hashed. Kept until the server says it is safe in a backup.
CREATE TABLE own_change (
    actor       INTEGER NOT NULL,
    counter     INTEGER NOT NULL,
    record      BLOB    NOT NULL,
    hash        BLOB    NOT NULL,
    chain       BLOB    NOT NULL,
    bytes       BLOB    NOT NULL,
    saved_ms    INTEGER NOT NULL,
    received_ms INTEGER,
    state       TEXT    NOT NULL DEFAULT 'saved'
                CHECK (state IN ('saved', 'received', 'held', 'duplicate', 'refused', 'redotted', 'missing')),
    -- 1 while head must carry this change because base does not yet.
    pending     INTEGER NOT NULL DEFAULT 1,
    reason      TEXT,
    seen        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (actor, counter)
) STRICT;
CREATE INDEX own_change_by_record ON own_change (record);
CREATE INDEX own_change_by_state ON own_change (state) WHERE state IN ('saved', 'refused', 'held');
CREATE INDEX own_change_unechoed ON own_change (actor, counter) WHERE pending = 1 AND state = 'received';

-- How far each actor this vault ever was is in a backup that was read back, as the server states it.
CREATE TABLE mark (
    actor INTEGER NOT NULL PRIMARY KEY,
    safe  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What the server has confirmed (base) and what the officer sees (head = base and what is pending).
CREATE TABLE record (
    id               BLOB    NOT NULL PRIMARY KEY,
    form             TEXT    NOT NULL,
    form_version     INTEGER NOT NULL,
    base             BLOB,
    head             BLOB    NOT NULL,
    reference        TEXT,
    office_reference TEXT,
    summary          TEXT    NOT NULL DEFAULT '',
    status           TEXT,
    created_ms       INTEGER NOT NULL,
    changed_ms       INTEGER NOT NULL,
    two_answers      INTEGER NOT NULL DEFAULT 0,
    -- The server has said that this record leaves our scope; it goes once nothing of ours is pending.
    leaving          INTEGER NOT NULL DEFAULT 0,
    -- To be asked for anew.
    wanted           INTEGER NOT NULL DEFAULT 0,
    -- Held before a filling from nothing began and not come again since.
    unconfirmed      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX record_by_change ON record (changed_ms);
-- Every exchange asks for these few; without them it would read every record there is.
CREATE INDEX record_leaving ON record (id) WHERE leaving = 1;
CREATE INDEX record_wanted ON record (id) WHERE wanted = 1;
CREATE INDEX record_unconfirmed ON record (id) WHERE unconfirmed = 1;

CREATE TABLE draft (
    id           BLOB    NOT NULL PRIMARY KEY,
    form         TEXT    NOT NULL,
    form_version INTEGER NOT NULL,
    record       BLOB,
    started_ms   INTEGER NOT NULL,
    saved_ms     INTEGER NOT NULL
) STRICT;

-- One row an answer, as typed: what the form would refuse is kept too.
CREATE TABLE draft_answer (
    draft  BLOB NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    field  TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (draft, field)
) STRICT;

-- What the officer had in front of them when they opened a record to edit it.
CREATE TABLE draft_seen (
    draft   BLOB NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    field   TEXT NOT NULL,
    context BLOB NOT NULL,
    answer  TEXT NOT NULL,
    PRIMARY KEY (draft, field)
) STRICT;

CREATE TABLE draft_photo (
    draft    BLOB    NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    field    TEXT    NOT NULL,
    sha256   BLOB    NOT NULL REFERENCES photo (sha256),
    facts    BLOB    NOT NULL,
    added_ms INTEGER NOT NULL,
    PRIMARY KEY (draft, field, sha256)
) STRICT;
CREATE INDEX draft_photo_by_hash ON draft_photo (sha256);

-- A photo whose sealed files lie in the folder beside this database.
CREATE TABLE photo (
    sha256 BLOB    NOT NULL PRIMARY KEY,
    key    BLOB    NOT NULL,
    bytes  INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    width  INTEGER NOT NULL,
    height INTEGER NOT NULL,
    added_ms INTEGER NOT NULL
) STRICT;

-- A photo on its way: one for each record that names it.
CREATE TABLE upload (
    record      BLOB    NOT NULL,
    sha256      BLOB    NOT NULL REFERENCES photo (sha256),
    url         TEXT,
    sent        INTEGER NOT NULL DEFAULT 0,
    state       TEXT    NOT NULL DEFAULT 'saved' CHECK (state IN ('saved', 'sending', 'received', 'safe', 'refused')),
    reason      TEXT,
    since_ms    INTEGER NOT NULL,
    received_ms INTEGER,
    receipt     BLOB,
    PRIMARY KEY (record, sha256)
) STRICT;
CREATE INDEX upload_by_hash ON upload (sha256);

CREATE TABLE pack (
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    body    BLOB    NOT NULL,
    offered INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (name, version)
) STRICT;

-- What the device did by itself and a person may ask about: records that left, losses, repairs.
CREATE TABLE journal (
    at_ms  INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    detail TEXT    NOT NULL
) STRICT;
