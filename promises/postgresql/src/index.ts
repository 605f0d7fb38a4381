/** Where the parts of this Promise are, for whoever installs it and runs its steps. */

/** The Promise, ready to apply. */
export const promiseFile: URL = new URL('../promise.yaml', import.meta.url);
/** A request to try it with. */
export const exampleRequestFile: URL = new URL('../example-resource.yaml', import.meta.url);
/** The images that the pipelines name, and the step that each of them is (a module with a step as default export). */
export const stepImages: Readonly<Record<string, URL>> = {
  'plinth/promise-postgresql-configure:v1': new URL('../steps/instance-configure.ts', import.meta.url),
};
