import { startControlPlane } from './control-plane.ts';
import type { StartUnit } from './run-unit.ts';

export const startPlatformUnit: StartUnit = async (context) => startControlPlane(context, 'platform');
