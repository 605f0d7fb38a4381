import type { BucketStateStore } from '@plinth/api';
import type { StateStoreWriter } from '@plinth/state-store';
import { authorities } from '../state-store/authorities.ts';
import type { OpenWriterOptions } from '../state-store/open-writer.ts';
import type { StoreSecret } from '../state-store/secret.ts';
import { StoreProblem } from '../state-store/store-problem.ts';

/** The writer for a bucket (contract, section 5.5). What it takes to speak S3 is loaded with the first one. */
export async function openBucketWriter(store: BucketStateStore, secret: StoreSecret | undefined, moved: () => void, options: OpenWriterOptions): Promise<StateStoreWriter> {
  const { bucketName = '', endpoint = '', path, insecure, useDualStack, authMethod } = store.spec ?? {};
  const isIam = authMethod === 'IAM';
  if (!isIam && !secret) throw new StoreProblem('ErrorInitialisingWriter', 'authMethod accessKey needs spec.secretRef');
  const ca = authorities(options.ca, secret?.get('ca.crt'));
  const region = secret?.get('region');
  const sessionToken = secret?.get('sessionToken');
  const { BucketStateStore: BucketWriter } = await import('@plinth/state-store/bucket');
  return BucketWriter.open({
    bucket: bucketName,
    endpoint,
    insecure: insecure ?? false,
    useDualStack: useDualStack ?? false,
    ...(path ? { path } : {}),
    ...(isIam ? {} : { accessKey: { id: secret!.require('accessKeyID'), secret: secret!.require('secretAccessKey'), ...(sessionToken ? { sessionToken } : {}) } }),
    ...(region ? { region } : {}),
    ...(ca ? { ca } : {}),
    onForeignChange: moved,
  });
}
