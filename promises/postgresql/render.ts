/** Writes `promise.yaml`: `node promises/postgresql/render.ts`. A test fails when it was forgotten. */
import { writeFileSync } from 'node:fs';
import { promiseFile } from './src/index.ts';
import { renderPromise } from './src/render-promise.ts';

writeFileSync(promiseFile, renderPromise());
