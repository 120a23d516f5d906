-- Version 2: what a partner has not answered is found without going through its whole log.
CREATE INDEX log_out_unanswered ON log_out (peer, n)
  WHERE fate IS NULL AND void = 0 AND item IS NOT NULL;
-- An acknowledgement names ranges; only what it changes is looked at.
CREATE INDEX log_out_undelivered ON log_out (peer, n) WHERE delivered = 0;
