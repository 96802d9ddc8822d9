-- The hash of what is left of a change in which something was taken out for good; `hash` stays what it was.
ALTER TABLE own_change ADD COLUMN residue BLOB;
