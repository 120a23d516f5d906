-- Version 5: a log that somebody reads page by page, as a client's, has rows of its own beside it,
-- narrow ones, of what may still be served: by number, by type, by object and version. Partners'
-- logs are not read so and have none. Whether a log is read so stands in `viewed_log`; its rows are
-- made with its entries, for older ones when it is first opened to be read (`views.rs`).
CREATE TABLE viewed_log (peer INTEGER PRIMARY KEY);
CREATE TABLE view_entry (
  peer INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,             -- the leaf's time
  item INTEGER NOT NULL,
  kind INTEGER NOT NULL,           -- the item's type, its object's key and version
  object INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  reduced INTEGER NOT NULL,
  sum INTEGER NOT NULL GENERATED ALWAYS AS
    (row_sum(peer, n, at, item, kind, object, modified, reduced)) STORED,
  PRIMARY KEY (peer, n)
) WITHOUT ROWID;
CREATE INDEX view_entry_kind ON view_entry (peer, kind, n);
CREATE INDEX view_entry_object ON view_entry (peer, object, modified, n);
