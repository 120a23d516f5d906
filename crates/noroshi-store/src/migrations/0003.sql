-- Version 3: was an entry ever framed for its partner? It may then have arrived, whatever became of
-- it here. Of entries from before nobody knows, so they count as sent.
ALTER TABLE log_out ADD COLUMN sent INTEGER NOT NULL DEFAULT 1;
-- Entries of a partner's log whose content was lost with the node and whose place a partner's
-- mirror gave back.
ALTER TABLE log_out ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
-- Where the leaf's bytes are lost too, its hash; `leaf` is a stand-in then.
ALTER TABLE log_out ADD COLUMN leaf_hash BLOB;

-- Small records in a table with row numbers and an index over their keys. Without row numbers the
-- whole record stands in the tree, and every search reads the values it passes: receipts have up to
-- two hundred thousand bytes, so that the work for one new item grew with all that went before.
CREATE TABLE record_by_number (
  number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
  UNIQUE (kind, key)
);
INSERT INTO record_by_number (kind, key, value) SELECT kind, key, value FROM record;
DROP TABLE record;
ALTER TABLE record_by_number RENAME TO record;
