import { isConflict, isNotFound } from '@plinth/apimachinery';
import { done, type Result } from '@plinth/controller-runtime';

/**
 * Ends a reconcile quietly when somebody else wrote the object first, or when it is gone: the change that got in
 * between is on its way through the informer, and brings the next reconcile.
 */
export async function skipConflict(reconcile: () => Promise<Result>): Promise<Result> {
  try {
    return await reconcile();
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return done;
    throw error;
  }
}

/** Ends a reconcile quietly when its object is gone. */
export async function skipMissing(reconcile: () => Promise<Result>): Promise<Result> {
  try {
    return await reconcile();
  } catch (error) {
    if (isNotFound(error)) return done;
    throw error;
  }
}
