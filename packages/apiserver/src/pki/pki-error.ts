/** Keys and certificates of a cluster cannot be used. Nothing was changed; `hint` says what a person can do. */
export class PkiError extends Error {
  readonly file: string;
  readonly hint: string;

  constructor(file: string, found: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    const hint = options.hint ?? `restore ${file} from a backup, or remove its directory to make new keys (kubeconfigs and service-account tokens issued before then stop working)`;
    super(`cannot use ${file}: ${found}; ${hint}`, options);
    this.name = 'PkiError';
    this.file = file;
    this.hint = hint;
  }
}
