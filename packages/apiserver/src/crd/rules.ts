import { childPath, fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired, indexPath, isJsonObject, keyPath, memberOf, type StatusCause } from '@plinth/apimachinery';
import type { JsonSchema } from '@plinth/api';
import type { Strategy } from '../registry/strategy.ts';
import { compileRule, type CompiledRule, type ValidationRule } from './compile-rule.ts';
import { toCel } from './to-cel.ts';

/**
 * `x-kubernetes-validations`: checks written in CEL by the author of a CRD.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 *
 * Undefined: the schema has none. A rule that cannot be compiled here (it uses a function that we do not have) does not
 * hold anything up; `uncompiled` names it, and whoever applies the CRD is warned.
 */
export function extraCheck(schema: JsonSchema): Strategy['validate'] {
  const node = compile(schema, 0);
  return node && ((object, old) => check(node, { value: object, old, path: '' }));
}

/** The rules of a schema that this server cannot check, with the reason. */
export function uncompiled(schema: JsonSchema): readonly string[] {
  const problems: string[] = [];
  const visit = (part: JsonSchema, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    for (const rule of rulesOf(part)) {
      const compiled = compileRule(rule);
      if ('problem' in compiled) problems.push(`${rule.rule}: ${compiled.problem}`);
    }
    for (const child of [...Object.values(part.properties ?? {}), part.items, part.additionalProperties]) if (isJsonObject(child)) visit(child as JsonSchema, depth + 1);
  };
  visit(schema, 0);
  return problems;
}

const MAX_DEPTH = 64;
const MAX_CAUSES = 100;

/** What stands there came with a CRD: only what has the form of a rule is one. */
function rulesOf(schema: JsonSchema): readonly ValidationRule[] {
  const rules: unknown = schema['x-kubernetes-validations'];
  return Array.isArray(rules) ? rules.filter((rule): rule is ValidationRule => isJsonObject(rule) && typeof rule['rule'] === 'string') : [];
}

/** The parts of a schema that have rules in or below them. */
interface Node {
  readonly schema: JsonSchema;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, Node>;
  readonly items?: Node;
  readonly additional?: Node;
}

function compile(schema: JsonSchema, depth: number): Node | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const rules = rulesOf(schema).map(compileRule).filter((rule): rule is CompiledRule => 'evaluate' in rule);
  const properties = new Map<string, Node>();
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const node = compile(property, depth + 1);
    if (node) properties.set(key, node);
  }
  const items = schema.items && compile(schema.items, depth + 1);
  const additional = isJsonObject(schema.additionalProperties) ? compile(schema.additionalProperties, depth + 1) : undefined;
  if (rules.length === 0 && properties.size === 0 && !items && !additional) return undefined;
  return { schema, rules, properties, ...(items ? { items } : {}), ...(additional ? { additional } : {}) };
}

interface Place {
  readonly value: unknown;
  /** What stood here before; undefined when nothing did, or when it cannot be told what. */
  readonly old: unknown;
  readonly path: string;
}

function check(node: Node, { value, old, path }: Place): readonly StatusCause[] {
  if (value === undefined || value === null) return [];
  const causes: StatusCause[] = [];
  if (node.rules.length > 0) {
    const self = toCel(value, node.schema);
    const before = old === undefined || old === null ? undefined : toCel(old, node.schema);
    for (const rule of node.rules) {
      const failure = rule.evaluate(self, before);
      if (failure !== undefined) causes.push(causeOf(rule, failure, node.schema, path));
    }
  }
  if (isJsonObject(value)) {
    const was = isJsonObject(old) ? old : {};
    for (const [key, child] of node.properties) causes.push(...check(child, { value: memberOf(value, key), old: memberOf(was, key), path: childPath(path, key) }));
    if (node.additional) {
      for (const key of Object.keys(value)) if (!Object.hasOwn(node.schema.properties ?? {}, key)) causes.push(...check(node.additional, { value: value[key], old: memberOf(was, key), path: keyPath(path, key) }));
    }
  } else if (Array.isArray(value) && node.items) {
    const items = node.items;
    value.forEach((item: unknown, index) => {
      if (causes.length < MAX_CAUSES) causes.push(...check(items, { value: item, old: correlated(node.schema, item, old), path: indexPath(path, index) }));
    });
  }
  return causes.slice(0, MAX_CAUSES);
}

/** Only the items of a map list keep their identity from one version of the object to the next. */
function correlated(schema: JsonSchema, item: unknown, old: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old) || !isJsonObject(item)) return undefined;
  return old.find((other: unknown) => isJsonObject(other) && keys.every((key) => other[key] === item[key]));
}

function causeOf({ reason, fieldPath }: CompiledRule, message: string, schema: JsonSchema, path: string): StatusCause {
  const field = fieldPath ? `${path}${path === '' ? fieldPath.replace(/^\./, '') : fieldPath}` : path;
  const type = schema.type ?? 'object';
  switch (reason) {
    case 'FieldValueForbidden':
      return fieldForbidden(field, message);
    case 'FieldValueRequired':
      return fieldRequired(field, message);
    case 'FieldValueDuplicate':
      return fieldDuplicate(field, type);
    default:
      // Kubernetes shows the type in place of the value.
      return fieldInvalid(field, type, message);
  }
}
