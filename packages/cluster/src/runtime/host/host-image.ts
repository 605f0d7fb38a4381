/**
 * What an image that stands for commands of this machine brings along. The rest of it is this machine: its shell, its
 * tools, its libraries.
 */
export interface HostImage {
  /** Copied into the container's own file system before its command starts, in order. */
  readonly files?: readonly ImageFile[];
  /** Folders that the image has, made before files are copied. */
  readonly directories?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  /** What runs when the container names no `command`, and what when it names no `args` either. */
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** Programs that the image has and the machine may not have. Default: {@link DEFAULT_TOOLS}. */
  readonly tools?: readonly string[];
}

export interface ImageFile {
  /** A file or folder of this machine. */
  readonly source: string;
  /** Absolute path in the container: of the file, or of the folder into which the folder's content goes. */
  readonly target: string;
}

/** What shell steps use without saying so. */
export const DEFAULT_TOOLS: readonly string[] = ['yq', 'jq', 'kubectl'];

/** The command line of a container, from its own fields and its image's (Kubernetes' rules for `command` and `args`). */
export function commandLine(own: { readonly command: readonly string[]; readonly args: readonly string[] }, image: HostImage | undefined): readonly string[] {
  if (own.command.length > 0) return [...own.command, ...own.args];
  const entrypoint = image?.entrypoint ?? [];
  return own.args.length > 0 ? [...entrypoint, ...own.args] : [...entrypoint, ...(image?.cmd ?? [])];
}
