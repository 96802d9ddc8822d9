-- Which block a record lay in before it was written to: something of it is there as long as the block is.
ALTER TABLE record ADD COLUMN left_block INTEGER;

-- Written by an app that did not keep that: such a block may hold something of any record.
ALTER TABLE block ADD COLUMN old INTEGER NOT NULL DEFAULT 0;
UPDATE block SET old = 1;
