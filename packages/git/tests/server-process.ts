import { startGitServer } from '../src/index.ts';

// A git server as a process of its own, to be killed: node server-process.ts DATA_DIR PORT [CONSOLIDATE_AFTER]
const [dataDir, port, after] = process.argv.slice(2) as [string, string, string | undefined];
const server = await startGitServer({ dataDir, port: Number(port), credentials: [{ username: 'u', password: 'p' }], repositories: [{ owner: 'o', name: 'r' }], consolidateAfterPacks: Number(after ?? 5) });
process.stdout.write(`${server.port}\n`);
