-- Version 4: each row that nothing else vouches for carries a sum over what it says, so that a bit
-- the disk changed is noticed. The engine writes it with the row (`row_sum` is this store's own
-- function, see `sums.rs`); whoever opens the file with another program can read it, not write it.
-- Of an item's canonical bytes the length is enough: its hash is the sum.
CREATE TABLE item_summed (
  seq INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  hash_key INTEGER NOT NULL,
  id TEXT NOT NULL,
  id_key INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  title TEXT NOT NULL,
  state INTEGER NOT NULL,          -- 0 admitted, 1 held, 2 withdrawn, 3 destroyed
  superseded INTEGER NOT NULL,
  label INTEGER NOT NULL,
  role INTEGER,                    -- byte of the attribution's role
  node INTEGER,
  key INTEGER,
  assigned INTEGER,
  signature BLOB,
  source INTEGER NOT NULL,
  at INTEGER NOT NULL,
  ledger INTEGER,
  reasons TEXT NOT NULL,
  canonical BLOB,
  received BLOB,
  sum INTEGER NOT NULL GENERATED ALWAYS AS (row_sum(hash, id, kind, modified, title, state,
    superseded, label, role, node, key, assigned, signature, source, at, ledger, reasons,
    length(canonical), received)) STORED
);
INSERT INTO item_summed SELECT * FROM item;
DROP TABLE item;
ALTER TABLE item_summed RENAME TO item;
CREATE INDEX item_hash ON item (hash_key);
-- The current version of an object is found without its others; numbers 0 and 1 take no room.
CREATE INDEX item_id ON item (id_key, superseded, state);
CREATE INDEX item_kind ON item (kind, seq);
CREATE INDEX item_held ON item (seq) WHERE state = 1;
-- The best of the versions that are not current: 114 is the byte of who made a rendition, `r`.
CREATE INDEX item_older ON item
  (id_key, modified DESC, (role IS 114), length(canonical) DESC, hash DESC)
  WHERE state = 0 AND superseded = 1;
-- The newest of those that were taken back.
CREATE INDEX item_taken ON item (id_key, modified DESC, seq DESC) WHERE state > 1;

CREATE TABLE record_summed (
  number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
  sum INTEGER NOT NULL GENERATED ALWAYS AS (row_sum(kind, key, value)) STORED,
  UNIQUE (kind, key)
);
INSERT INTO record_summed SELECT * FROM record;
DROP TABLE record;
ALTER TABLE record_summed RENAME TO record;

CREATE TABLE checkpoint_summed (
  log INTEGER NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL,
  sum INTEGER NOT NULL GENERATED ALWAYS AS (row_sum(log, size, note)) STORED,
  PRIMARY KEY (log, size)
) WITHOUT ROWID;
INSERT INTO checkpoint_summed SELECT * FROM checkpoint;
DROP TABLE checkpoint;
ALTER TABLE checkpoint_summed RENAME TO checkpoint;

CREATE TABLE log_out_summed (
  peer INTEGER NOT NULL,
  n INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  precedence INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  void INTEGER NOT NULL,
  item INTEGER,
  rendition BLOB,
  reduced INTEGER NOT NULL,
  act BLOB,
  fate INTEGER,
  fate_at INTEGER,
  leaf BLOB NOT NULL,
  payload BLOB,
  sent INTEGER NOT NULL DEFAULT 1,
  lost INTEGER NOT NULL DEFAULT 0,
  leaf_hash BLOB,
  sum INTEGER NOT NULL GENERATED ALWAYS AS (row_sum(peer, n, kind, precedence, delivered, void,
    item, rendition, reduced, act, fate, fate_at, leaf, payload, sent, lost, leaf_hash)) STORED,
  PRIMARY KEY (peer, n)
) WITHOUT ROWID;
INSERT INTO log_out_summed SELECT * FROM log_out;
DROP TABLE log_out;
ALTER TABLE log_out_summed RENAME TO log_out;
CREATE INDEX log_out_item ON log_out (item) WHERE item IS NOT NULL;
CREATE INDEX log_out_waiting ON log_out (peer, precedence, n) WHERE delivered = 0;
CREATE INDEX log_out_unanswered ON log_out (peer, n)
  WHERE fate IS NULL AND void = 0 AND item IS NOT NULL;
CREATE INDEX log_out_undelivered ON log_out (peer, n) WHERE delivered = 0;

CREATE TABLE log_in_summed (
  peer INTEGER NOT NULL,
  n INTEGER NOT NULL,
  leaf_hash BLOB NOT NULL,
  leaf BLOB,
  fate INTEGER,
  sum INTEGER NOT NULL GENERATED ALWAYS AS (row_sum(peer, n, leaf_hash, leaf, fate)) STORED,
  PRIMARY KEY (peer, n)
) WITHOUT ROWID;
INSERT INTO log_in_summed SELECT * FROM log_in;
DROP TABLE log_in;
ALTER TABLE log_in_summed RENAME TO log_in;

-- The full text has tables of its own, which the engine made and writes. Two of them get a sum as
-- the others did. Of its blocks (`item_text_data`) the engine wants no column more: their sums stand
-- beside them, and each transaction writes those of the blocks it changed (`sums.rs`).
CREATE TABLE text_term (segid, term, pgno, PRIMARY KEY (segid, term)) WITHOUT ROWID;
INSERT INTO text_term SELECT segid, term, pgno FROM item_text_idx;
DROP TABLE item_text_idx;
CREATE TABLE item_text_idx (
  segid, term, pgno, sum GENERATED ALWAYS AS (row_sum(segid, term, pgno)) STORED,
  PRIMARY KEY (segid, term)
) WITHOUT ROWID;
INSERT INTO item_text_idx SELECT segid, term, pgno FROM text_term;
DROP TABLE text_term;
CREATE TABLE text_setting (k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO text_setting SELECT k, v FROM item_text_config;
DROP TABLE item_text_config;
CREATE TABLE item_text_config (
  k PRIMARY KEY, v, sum GENERATED ALWAYS AS (row_sum(k, v)) STORED
) WITHOUT ROWID;
INSERT INTO item_text_config SELECT k, v FROM text_setting;
DROP TABLE text_setting;
CREATE TABLE text_block_sum (id INTEGER PRIMARY KEY, sum INTEGER NOT NULL);
INSERT INTO text_block_sum SELECT id, row_sum(id, block) FROM item_text_data;
