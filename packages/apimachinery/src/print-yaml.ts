import { stringify } from 'yaml';

/**
 * A value as YAML in the manner of kubectl: items not indented, long texts as blocks, everything quoted that an older
 * reader would take for something else (`yes`, `0644`). `sortKeys` gives the order that kubectl prints in.
 */
export function printYaml(value: unknown, options: { readonly sortKeys?: boolean } = {}): string {
  return stringify(value, {
    schema: 'yaml-1.1',
    version: '1.1',
    indentSeq: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
    sortMapEntries: options.sortKeys ?? false,
  });
}

/** Several documents, each after its `---`. */
export const printYamlDocuments = (values: readonly unknown[], options: { readonly sortKeys?: boolean } = {}): string =>
  values.map((value) => `---\n${printYaml(value, options)}`).join('');
