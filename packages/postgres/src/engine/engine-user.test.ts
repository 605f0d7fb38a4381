import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findEngineUser, isReachable } from './engine-user.ts';

const passwd = 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/sbin/nologin\n# a comment\n';

describe(findEngineUser, () => {
  it('needs nobody when Plinth is an ordinary user', () => {
    expect(findEngineUser(1000, () => '')).toBeUndefined();
  });
  it('prefers the user that PostgreSQL packages make', () => {
    expect(findEngineUser(0, () => `${passwd}postgres:x:101:104::/:/bin/sh\n`)).toEqual({ name: 'postgres', uid: 101, gid: 104 });
    expect(findEngineUser(0, () => passwd)).toEqual({ name: 'nobody', uid: 65534, gid: 65534 });
  });
  it('says what to do when root has nobody to run servers as', () => {
    expect(() => findEngineUser(0, () => 'root:x:0:0::/:/bin/sh\npostgres:x:0:0::/:/bin/sh')).toThrow(
      'PostgreSQL refuses to run as root and /etc/passwd has none of the users postgres, nobody. Run Plinth as an ordinary user, or add a user named postgres',
    );
  });
});

describe(isReachable, () => {
  it('looks at every folder on the way', () => {
    const home = mkdtempSync(join(tmpdir(), 'plinth-reach-'));
    const stranger = { name: 'stranger', uid: 4_000_000, gid: 4_000_000 };
    try {
      mkdirSync(join(home, 'bin'));
      writeFileSync(join(home, 'bin', 'postgres'), '', { mode: 0o755 });
      chmodSync(home, 0o755);
      expect(isReachable(join(home, 'bin', 'postgres'), stranger)).toBe(true);
      chmodSync(home, 0o700);
      expect(isReachable(join(home, 'bin', 'postgres'), stranger)).toBe(false);
      expect(isReachable(join(home, 'bin', 'postgres'), undefined)).toBe(true);
      expect(isReachable(join(home, 'nothing'), stranger)).toBe(false);
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
