/** Names of functions in all their spellings -> the one used here, with how many arguments it takes. */
const FUNCTIONS: readonly (readonly [spellings: string, parameters: readonly number[]])[] = [
  ['length', [0]], ['to_number tonumber', [0]], ['to_string tostring', [0]], ['keys', [0]], ['key', [0]], ['is_key iskey', [0]],
  ['map_values mapvalues', [1]], ['map', [1]], ['filter', [1]], ['pick', [1]], ['omit', [1]], ['flatten', [0]], ['eval', [1]], ['error', [1]],
  ['sort_keys sortKeys sortkeys', [1]], ['sort_by sortby', [1]], ['sort', [0]], ['reverse', [0]], ['unique_by uniqueby', [1]], ['unique', [0]], ['group_by groupby', [1]],
  ['array_to_map arraytomap array_tomap arrayto_map', [0]], ['min', [0]], ['max', [0]],
  ['@yamld from_yaml fromyaml from_json fromjson @jsond', [0]], ['@yaml to_yaml toyaml', [0]], ['to_json tojson', [0]], ['@json', [0]],
  ['@props to_props toprops', [0]], ['@base64', [0]], ['@base64d', [0]], ['@uri', [0]], ['@urid', [0]], ['@sh', [0]], ['@csv to_csv tocsv', [0]], ['@tsv to_tsv totsv', [0]],
  ['load', [1]], ['load_str loadstr strload str_load', [1]], ['load_base64 loadbase64', [1]], ['split_doc splitDoc splitdoc', [0]],
  ['select', [1]], ['has', [1]], ['not', [0]], ['join', [1]], ['sub', [2]], ['match', [1, 2]], ['capture', [1, 2]], ['test', [1, 2]], ['contains', [1]], ['split', [1]],
  ['any_c', [1]], ['any', [0]], ['all_c', [1]], ['all', [0]], ['explode', [1]], ['parent', [0]], ['path', [0]], ['set_path setpath', [2]], ['del_paths delpaths', [1]],
  ['file_name filename fileName', [0]], ['file_index fileindex fileIndex fi', [0]], ['document_index documentIndex documentindex di', [0]],
  ['to_entries toentries toEntries', [0]], ['from_entries fromentries fromEntries', [0]], ['with_entries withentries withEntries', [1]], ['with', [2]], ['del', [1]], ['collect', [1]],
  ['style', [0]], ['tag type', [0]], ['kind', [0]], ['anchor', [0]], ['alias', [0]],
  ['line_comment lineComment linecomment', [0]], ['head_comment headComment headcomment', [0]], ['foot_comment footComment footcomment', [0]],
  ['upcase ascii_upcase asciiupcase', [0]], ['downcase ascii_downcase asciidowncase', [0]], ['trim', [0]], ['envsubst', [0]], ['line', [0]], ['column', [0]],
];

/** What can be written to with `=` as if it were a field: `.a style = "double"`. */
export const ATTRIBUTES: ReadonlySet<string> = new Set(['style', 'tag', 'anchor', 'alias', 'line_comment', 'head_comment', 'foot_comment']);

/** Those that may be called with a number: `flatten(1)`, `to_json(2)`. */
export const WITH_NUMBER: ReadonlySet<string> = new Set(['flatten', 'to_json', '@yaml', 'parent']);

const KNOWN: ReadonlyMap<string, { readonly name: string; readonly parameters: readonly number[] }> = new Map(
  FUNCTIONS.flatMap(([spellings, parameters]) => {
    const names = spellings.split(' ');
    return names.map((each) => [each, { name: names[0]!, parameters }] as const);
  }),
);

export const functionNamed = (word: string): { readonly name: string; readonly parameters: readonly number[] } | undefined => KNOWN.get(word);
