-- One row per revision. The row with the highest revision of a key is the key's live value; a row that a later one
-- replaced stays until the later one is compacted. The index of what lives is in memory, so that a write appends to
-- one b-tree and nothing else.
CREATE TABLE log (
  revision INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  create_revision INTEGER NOT NULL,
  -- NULL: the key was deleted at this revision.
  value BLOB,
  -- CRC-32 of key and value: SQLite finds damaged pages, not damaged values.
  checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
  -- Events up to this revision are forgotten.
  compacted INTEGER NOT NULL,
  -- The last revision, also when its row is compacted.
  revision INTEGER NOT NULL
) STRICT;

INSERT INTO meta (compacted, revision) VALUES (0, 0);
