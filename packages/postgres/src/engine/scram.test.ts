import { describe, expect, it } from 'vitest';
import { matchesVerifier, scramVerifier } from './scram.ts';

describe(scramVerifier, () => {
  it('is what PostgreSQL itself would keep', async () => {
    const verifier = await scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
    // Stored and server key of RFC 7677's example.
    expect(verifier).toBe('SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=');
  });
  it('recognises the password that it was made from, and no other', async () => {
    const verifier = await scramVerifier('one');
    expect(await matchesVerifier('one', verifier)).toBe(true);
    expect(await matchesVerifier('two', verifier)).toBe(false);
    expect(await matchesVerifier('one', 'md5abc')).toBe(false);
  });
});
