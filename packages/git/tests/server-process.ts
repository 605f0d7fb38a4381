import { startGitServer } from '../src/index.ts';

// A git server as a process of its own, to be killed: node server-process.ts DATA_DIR PORT
const [dataDir, port] = process.argv.slice(2) as [string, string];
const server = await startGitServer({ dataDir, port: Number(port), credentials: [{ username: 'u', password: 'p' }], repositories: [{ owner: 'o', name: 'r' }], consolidateAfterPacks: 5 });
process.stdout.write(`${server.port}\n`);
