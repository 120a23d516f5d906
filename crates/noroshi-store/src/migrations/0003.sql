-- Version 3: was an entry ever framed for its partner? It may then have arrived, whatever became of
-- it here. Of entries from before nobody knows, so they count as sent.
ALTER TABLE log_out ADD COLUMN sent INTEGER NOT NULL DEFAULT 1;
