import { byteLength } from './byte-length.ts';

/**
 * The rules for names. Each takes a value and answers what is wrong with it, in Kubernetes' words; an empty list means
 * that it is right. Source: k8s.io/apimachinery/pkg/util/validation; fixtures in `conformance/apimachinery/names.json`.
 */
export type NameRule = (value: string) => readonly string[];

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const dns1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const wildcard = `\\*\\.${subdomain}`;
const qualifiedName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = `(${qualifiedName})?`;
const configMapKey = '[-._a-zA-Z0-9]+';
const envVarName = '[-._a-zA-Z][-._a-zA-Z0-9]*';

const whole = (source: string): RegExp => new RegExp(`^(?:${source})$`);
const labelPattern = whole(label);
// The repeated label is matched piece by piece instead of with one expression, so that no input makes it backtrack.
const dns1035Pattern = whole(dns1035);
const qualifiedNamePattern = whole(qualifiedName);
const configMapKeyPattern = whole(configMapKey);
const envVarNamePattern = whole(envVarName);
const isSubdomain = (value: string): boolean => value.split('.').every((part) => labelPattern.test(part));

const tooLong = (bytes: number): string => `must be no more than ${bytes} bytes`;
const EMPTY = 'must be non-empty';

function explain(what: string, source: string, ...examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${what} (e.g. ${list}regex used for validation is '${source}')`;
}

/** Namespaces, Services' ports, most parts of names: at most 63 bytes. */
export const isDns1123Label: NameRule = (value) => {
  const wrong: string[] = [];
  if (byteLength(value) > 63) wrong.push(tooLong(63));
  if (!labelPattern.test(value)) {
    // When the labels between the dots are right, the dots are what is wrong.
    if (isSubdomain(value)) wrong.push('must not contain dots');
    else
      wrong.push(
        explain(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
          label,
          'my-name',
          '123-abc',
        ),
      );
  }
  return wrong;
};

/** The names of most objects: labels joined by dots, at most 253 bytes. */
export const isDns1123Subdomain: NameRule = (value) => {
  const wrong: string[] = [];
  if (byteLength(value) > 253) wrong.push(tooLong(253));
  if (!isSubdomain(value)) {
    wrong.push(
      explain(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomain,
        'example.com',
      ),
    );
  }
  return wrong;
};

/** Names of Services and the plurals of custom resources: a label that begins with a letter. */
export const isDns1035Label: NameRule = (value) => {
  const wrong: string[] = [];
  if (byteLength(value) > 63) wrong.push(tooLong(63));
  if (!dns1035Pattern.test(value)) {
    wrong.push(
      explain(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        dns1035,
        'my-name',
        'abc-123',
      ),
    );
  }
  return wrong;
};

/** A host of an Ingress rule such as `*.example.com`. */
export const isWildcardDns1123Subdomain: NameRule = (value) => {
  const wrong: string[] = [];
  if (byteLength(value) > 253) wrong.push(tooLong(253));
  if (!value.startsWith('*.') || !isSubdomain(value.slice(2))) {
    wrong.push(
      explain(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        wildcard,
        '*.example.com',
      ),
    );
  }
  return wrong;
};

const QUALIFIED_NAME =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** Keys of labels, annotations and conditions: an optional DNS subdomain and `/`, then a name of at most 63 bytes. */
export const isQualifiedName: NameRule = (value) => {
  const parts = value.split('/');
  const wrong: string[] = [];
  if (parts.length > 2) {
    return [
      `a qualified name ${explain(QUALIFIED_NAME, qualifiedName, 'MyName', 'my.name', '123-abc')}` +
        " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix === '') wrong.push(`prefix part ${EMPTY}`);
  else if (prefix !== undefined) for (const text of isDns1123Subdomain(prefix)) wrong.push(`prefix part ${text}`);
  if (name === '') wrong.push(`name part ${EMPTY}`);
  else if (byteLength(name) > 63) wrong.push(`name part ${tooLong(63)}`);
  if (!qualifiedNamePattern.test(name)) {
    wrong.push(`name part ${explain(QUALIFIED_NAME, qualifiedName, 'MyName', 'my.name', '123-abc')}`);
  }
  return wrong;
};

/** The value of a label: empty or at most 63 bytes. */
export const isLabelValue: NameRule = (value) => {
  if (value === '') return [];
  const wrong: string[] = [];
  if (byteLength(value) > 63) wrong.push(tooLong(63));
  if (!qualifiedNamePattern.test(value)) {
    wrong.push(
      explain(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        labelValue,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return wrong;
};

/** Keys in `data` of a ConfigMap or Secret. They become file names. */
export const isConfigMapKey: NameRule = (value) => {
  const wrong: string[] = [];
  if (byteLength(value) > 253) wrong.push(tooLong(253));
  if (!configMapKeyPattern.test(value)) {
    wrong.push(
      explain(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        configMapKey,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  } else if (value === '.') wrong.push("must not be '.'");
  else if (value === '..') wrong.push("must not be '..'");
  else if (value.startsWith('..')) wrong.push("must not start with '..'");
  return wrong;
};

/** Names that need only be one segment of a URL: Roles and their bindings. */
export const isPathSegmentName: NameRule = (value) => {
  if (value === '.') return ["may not be '.'"];
  if (value === '..') return ["may not be '..'"];
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
};

/** The name of an environment variable of a container. */
export const isEnvVarName: NameRule = (value) => {
  const wrong: string[] = [];
  if (!envVarNamePattern.test(value)) {
    wrong.push(
      explain(
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
        envVarName,
        'my.env-name',
        'MY_ENV.NAME',
        'MyEnvName1',
      ),
    );
  } else if (value === '.') wrong.push("must not be '.'");
  else if (value === '..') wrong.push("must not be '..'");
  else if (value.startsWith('..')) wrong.push("must not start with '..'");
  return wrong;
};
