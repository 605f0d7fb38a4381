import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpRefusal } from '../request-body.ts';
import type { RepositorySet } from '../repository-set.ts';

export async function answerPage(_page: { readonly repositories: RepositorySet; readonly request: IncomingMessage; readonly response: ServerResponse; readonly url: URL; readonly publicUrl: string | undefined }): Promise<void> {
  throw new HttpRefusal(404, 'no such page');
}
