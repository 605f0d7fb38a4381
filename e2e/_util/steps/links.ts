/** Goes around the SDK, as a container that was not written with it would: puts a link among its output. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { defineStep } from '@plinth/sdk';

export default defineStep(({ env }) => {
  symlinkSync('/etc/passwd', join(env['OUTPUT_DIR'] ?? '/kratix/output', 'passwd.yaml'));
});
