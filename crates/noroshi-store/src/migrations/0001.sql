-- Version 1 of the store. Forward only: a change is a new file beside this one.

-- Interned texts: STIX types, sources, node and key ids, labels, assigned markings.
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

-- Items, versions and renditions. Hashes and ids are indexed by the first eight bytes of a
-- SHA-256 and compared in full on reading: half the index for the same answer.
CREATE TABLE item (
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
  received BLOB
);
CREATE INDEX item_hash ON item (hash_key);
CREATE INDEX item_id ON item (id_key);
CREATE INDEX item_kind ON item (kind, seq);
CREATE INDEX item_held ON item (seq) WHERE state = 1;

-- Full text. The text is made by `text::terms`; deletion gives it again, so nothing is kept twice.
CREATE VIRTUAL TABLE item_text USING fts5 (
  text, content = '', columnsize = 0, tokenize = "unicode61 remove_diacritics 2"
);
INSERT INTO item_text (item_text, rank) VALUES ('secure-delete', 1);

-- The node's ledger, leaf by leaf.
CREATE TABLE ledger (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL);

-- Merkle logs: 0 is the ledger, 2p+1 the log for peer p, 2p+2 the mirror of that peer's log.
CREATE TABLE tile (
  log INTEGER NOT NULL, level INTEGER NOT NULL, idx INTEGER NOT NULL, hashes BLOB NOT NULL,
  PRIMARY KEY (log, level, idx)
) WITHOUT ROWID;
CREATE TABLE frontier (log INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE checkpoint (
  log INTEGER NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (log, size)
) WITHOUT ROWID;

-- What partners were released, entry by entry.
CREATE TABLE peer (id INTEGER PRIMARY KEY, node BLOB NOT NULL UNIQUE);
CREATE TABLE log_out (
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
  PRIMARY KEY (peer, n)
) WITHOUT ROWID;
CREATE INDEX log_out_item ON log_out (item) WHERE item IS NOT NULL;
CREATE INDEX log_out_waiting ON log_out (peer, precedence, n) WHERE delivered = 0;

-- What partners' logs say they released to this node.
CREATE TABLE log_in (
  peer INTEGER NOT NULL,
  n INTEGER NOT NULL,
  leaf_hash BLOB NOT NULL,
  leaf BLOB,
  fate INTEGER,
  PRIMARY KEY (peer, n)
) WITHOUT ROWID;

-- Small records: peers, persons, agreements, acts, rules.
CREATE TABLE record (
  kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
