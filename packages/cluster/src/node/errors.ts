/** A container cannot be made from what its pod says; the pod waits in `CreateContainerConfigError`. */
export class ContainerConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ContainerConfigError';
  }
}

/** A volume cannot be made; the pod waits in `ContainerCreating` with an event `FailedMount`. */
export class VolumeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VolumeError';
  }
}

/** No runtime of this node runs the image. */
export class ImageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ImageError';
  }
}
