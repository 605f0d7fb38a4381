import { stringify } from 'yaml';
import { printPlainYaml } from './print-plain-yaml.ts';

export interface PrintYamlOptions {
  /** In the order that kubectl prints in. */
  readonly sortKeys?: boolean;
}

/**
 * A value as YAML in the manner of kubectl: items not indented, long texts as blocks, everything quoted that an older
 * reader would take for something else (`yes`, `0644`).
 */
export const printYaml = (value: unknown, { sortKeys = false }: PrintYamlOptions = {}): string => printPlainYaml(value, { sortKeys, printAny }) ?? printAny(value, sortKeys);

/** Several documents, each after its `---`. */
export const printYamlDocuments = (values: readonly unknown[], options: PrintYamlOptions = {}): string =>
  values.map((value) => `---\n${printYaml(value, options)}`).join('');

/** Whatever there is, some ten times as slow. */
const printAny = (value: unknown, sortMapEntries = false): string =>
  stringify(value, { schema: 'yaml-1.1', version: '1.1', indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries });
