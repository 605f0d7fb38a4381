import { openMemoryStore } from '../src/index.ts';
import { storeConformance } from './conformance.ts';

storeConformance('the memory store', async () => openMemoryStore());
