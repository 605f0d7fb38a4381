/** Why a store cannot be used, in the reasons of the contract, section 5.6. */
export class StoreProblem extends Error {
  readonly reason: 'SecretNotFound' | 'ErrorInitialisingWriter' | 'ErrorValidatingPermissions' | 'StateStoreError';

  constructor(reason: StoreProblem['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreProblem';
    this.reason = reason;
  }
}
