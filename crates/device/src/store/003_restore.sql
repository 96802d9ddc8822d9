-- Archive that was cleared keeps its row: counter, hash and chain stay, `bytes` is empty.

-- The newest receipt of each actor this vault ever was: what the server once held, should it lose it.
CREATE TABLE proof (
    actor    INTEGER NOT NULL PRIMARY KEY,
    through  INTEGER NOT NULL,
    receipt  BLOB    NOT NULL,
    -- After a restore: the counter up to which the server holds this actor again. NULL while nothing is to come back.
    returned INTEGER
) STRICT;

-- When the newest backup was made that the server said was read back.
ALTER TABLE progress ADD COLUMN backup_ms INTEGER;

-- 1 once the server has made a backup since and was not asked whether this photo is in it.
ALTER TABLE upload ADD COLUMN ask_safe INTEGER NOT NULL DEFAULT 0;
-- 1 where a restored server was not asked whether it still has the photo.
ALTER TABLE upload ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0;
