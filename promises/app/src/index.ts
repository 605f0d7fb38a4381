/** Where the parts of this Promise are, for whoever installs it and runs its steps. */

/** The Promise, ready to apply. */
export const promiseFile: URL = new URL('../promise.yaml', import.meta.url);
/** A request to try it with. */
export const exampleRequestFile: URL = new URL('../example-resource.yaml', import.meta.url);
/** The images that the pipelines name, and the step that each of them is (a module with a step as default export). */
export const stepImages: Readonly<Record<string, URL>> = {
  'plinth/promise-app-workload:v1': new URL('../steps/workload.ts', import.meta.url),
  'plinth/promise-app-ingress:v1': new URL('../steps/ingress.ts', import.meta.url),
  'plinth/promise-app-database:v1': new URL('../steps/database.ts', import.meta.url),
};
/** The image of the sample application; `@plinth/promise-app/todo` is its program. */
export const todoImage = 'plinth/todo:v1';
/** The variable of the pipeline that says at which port the workers' Ingresses are served. */
export const INGRESS_PORT = 'INGRESS_PORT';
