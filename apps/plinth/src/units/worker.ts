import { startControlPlane } from './control-plane.ts';
import type { StartUnit } from './run-unit.ts';

export const startWorkerUnit: StartUnit = async (context) => startControlPlane(context, 'worker');
