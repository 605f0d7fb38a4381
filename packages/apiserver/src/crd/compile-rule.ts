import { Environment } from '@marcbachmann/cel-js';
import { isQuantity } from '@plinth/apimachinery';

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

export interface CompiledRule {
  /** Why the value is refused; undefined when it is right. */
  readonly evaluate: (self: unknown, oldSelf: unknown) => string | undefined;
  readonly reason: string;
  readonly fieldPath: string | undefined;
}

/** What Kubernetes adds to CEL and rules in the wild use. */
const environment = new Environment({
  unlistedVariablesAreDyn: false,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: { maxAstNodes: 2_000, maxDepth: 64, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 16 },
})
  .registerVariable('self', 'dyn')
  .registerVariable('oldSelf', 'dyn')
  .registerFunction('string.find(string): string', (text: string, pattern: string) => new RegExp(pattern, 'u').exec(text)?.[0] ?? '')
  .registerFunction('string.findAll(string): list', (text: string, pattern: string) => [...text.matchAll(new RegExp(pattern, 'gu'))].map(([match]) => match))
  .registerFunction('isQuantity(string): bool', (text: string) => isQuantity(text))
  .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text));

const MAX_RULES = 1_000;
const compiled = new Map<string, CompiledRule | { readonly problem: string }>();

/** Rules are compiled once: CRDs of one tool repeat them. */
export function compileRule(rule: ValidationRule): CompiledRule | { readonly problem: string } {
  const id = JSON.stringify(rule);
  let found = compiled.get(id);
  if (!found) {
    found = compile(rule);
    if (compiled.size < MAX_RULES) compiled.set(id, found);
  }
  return found;
}

function compile(rule: ValidationRule): CompiledRule | { readonly problem: string } {
  let holds: ReturnType<typeof environment.parse>;
  let say: ReturnType<typeof environment.parse> | undefined;
  try {
    holds = environment.parse(rule.rule);
    const checked = holds.check();
    if (!checked.valid) return { problem: firstLine(checked.error) };
    say = rule.messageExpression ? environment.parse(rule.messageExpression) : undefined;
  } catch (error) {
    return { problem: firstLine(error) };
  }
  const transition = /\boldSelf\b/.test(rule.rule);
  return {
    reason: rule.reason ?? 'FieldValueInvalid',
    fieldPath: rule.fieldPath,
    evaluate: (self, oldSelf) => {
      // A rule about a change has nothing to say where there was nothing before.
      if (transition && oldSelf === undefined && !rule.optionalOldSelf) return undefined;
      const context = { self, oldSelf: oldSelf ?? null };
      try {
        if (holds(context) === true) return undefined;
      } catch (error) {
        return `rule evaluation error: ${firstLine(error)}`;
      }
      return messageOf(rule, say, context);
    },
  };
}

function messageOf({ rule, message }: ValidationRule, say: ((context: Record<string, unknown>) => unknown) | undefined, context: Record<string, unknown>): string {
  if (say) {
    try {
      const text = say(context);
      if (typeof text === 'string' && text.trim() !== '') return text;
    } catch {
      // As in Kubernetes: a message that cannot be made gives way to the fixed one.
    }
  }
  return message ?? `failed rule: ${rule.trim()}`;
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!;
