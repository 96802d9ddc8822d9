-- Whether the form gave this answer and nobody has touched it since.
ALTER TABLE draft_answer ADD COLUMN by_form INTEGER NOT NULL DEFAULT 0;
-- The version of the form that a draft was begun on, where it was moved to another; 0 where it was not.
ALTER TABLE draft ADD COLUMN begun_on INTEGER NOT NULL DEFAULT 0;
