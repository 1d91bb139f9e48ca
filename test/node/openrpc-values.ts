/**
 * Values by the schemas of execution-apis (openrpc.json: the parameters of its methods, as data):
 * one that fits, and those that do not, at the top and within. Fields that a schema does not name
 * are let pass, and null is nothing where a thing may be left out, as by geth.
 */

import { readFileSync } from 'node:fs';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
}

interface OpenRpc {
  readonly methods: Readonly<Record<string, readonly Parameter[]>>;
  readonly schemas: Readonly<Record<string, Schema>>;
}

const { methods, schemas } = JSON.parse(
  readFileSync(new URL('openrpc.json', import.meta.url), 'utf8'),
) as OpenRpc;

/** The parameters of each method that has some. */
export const METHODS: OpenRpc['methods'] = methods;

/**
 * Of every type that JSON has. Without null, which is nothing, and without quantities in another
 * notation (7, "7", "0X7"), which are read as by geth or Anvil.
 */
const CANDIDATES: readonly unknown[] = [
  ...[true, false, -1, 1.5],
  ...['nonsense', '0xzz', `0x${'f'.repeat(65)}`],
  ...[[], [true], [-1], [[]], {}, { nonsense: true }],
];

type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a name stands for, and the parts of `allOf` in one. */
function resolved(schema: Schema): Schema {
  if (schema.$ref !== undefined) return resolved(schemas[schema.$ref] as Schema);
  if (schema.allOf === undefined) return schema;
  const parts = schema.allOf.map(resolved);
  return {
    type: 'object',
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: parts.flatMap(({ required = [] }) => required),
  };
}

const choices = ({ oneOf, anyOf }: Schema): readonly Schema[] | undefined => oneOf ?? anyOf;

export function fits(given: Schema, value: unknown): boolean {
  const schema = resolved(given);
  const some = choices(schema);
  if (some !== undefined) return some.some((each) => fits(each, value));
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return types.length === 0 || types.some((type) => isOf(type, schema, value));
}

function isOf(type: string, schema: Schema, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' && new RegExp(schema.pattern ?? '').test(value);
    case 'array':
      return Array.isArray(value) && value.every((each) => fits(schema.items ?? {}, each));
    case 'object':
      return isObject(value) && hasFields(schema, value);
    case 'integer':
      return Number.isInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

function hasFields({ properties = {}, required = [] }: Schema, value: JsonObject): boolean {
  if (required.some((name) => value[name] === undefined)) return false;
  return Object.entries(properties).every(
    ([name, each]) => value[name] === undefined || fits(each, value[name]),
  );
}

/** The least value that fits. */
export function sample(given: Schema): unknown {
  const schema = resolved(given);
  const some = choices(schema);
  if (some !== undefined) {
    // A tag where there is one: that block there is.
    const tags = some.find((each) => resolved(each).enum?.includes('latest'));
    return tags === undefined ? sample(some.at(-1) as Schema) : 'latest';
  }
  if (schema.enum !== undefined) return schema.enum[0];
  const [type] = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['object']);
  if (type === 'string') return sampleText(schema.pattern ?? '');
  if (type === 'array') return [];
  if (type !== 'object') return type === 'boolean' ? false : type === 'null' ? null : 0;
  const { properties = {}, required = [] } = schema;
  return Object.fromEntries(required.map((name) => [name, sample(properties[name] ?? {})]));
}

function sampleText(pattern: string): string {
  const texts = [
    '0x',
    '0x1',
    ...[4, 8, 16, 20, 32, 48, 65, 96, 256].map((size) => `0x${'1a'.repeat(size)}`),
  ];
  const found = texts.find((text) => new RegExp(pattern).test(text));
  if (found === undefined) throw new Error(`no sample for ${pattern}`);
  return found;
}

/** Values that do not fit: others, and the sample with one thing within that does not. */
export function* misfits(given: Schema): Generator<unknown> {
  for (const each of CANDIDATES) if (!fits(given, each)) yield each;
  const schema = resolved(given);
  for (const choice of choices(schema) ?? [schema]) {
    for (const each of misfitsWithin(resolved(choice))) if (!fits(given, each)) yield each;
  }
}

function* misfitsWithin(schema: Schema): Generator<unknown> {
  const { properties = {}, required = [], items } = schema;
  if (items !== undefined) for (const each of misfits(items)) yield [each];
  if (Object.keys(properties).length === 0) return;
  const whole = sample(schema) as JsonObject;
  for (const [name, each] of Object.entries(properties)) {
    for (const wrong of misfits(each)) yield { ...whole, [name]: wrong };
  }
  for (const name of required) {
    const { [name]: _, ...rest } = whole;
    yield rest;
  }
}
