import type { FieldError } from './api';

/** The part of JSON Schema 2020-12 that settings use. The host checks all of it. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: string[];
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  pattern?: string;
  format?: string;
  readOnly?: boolean;
  writeOnly?: boolean;
  'x-unit'?: string;
  'x-locked-by'?: string;
}

/** The type to draw a field for: the first that is not null. */
export function kindOf(schema: Schema): string {
  const type = schema.type;
  return (Array.isArray(type) ? type.find((name) => name !== 'null') : type) ?? 'string';
}

/** Every value that the schema refuses, by JSON pointer. */
export function validate(schema: Schema, value: unknown, pointer = ''): FieldError[] {
  switch (kindOf(schema)) {
    case 'object':
      return validateObject(schema, value as Record<string, unknown> | undefined, pointer);
    case 'integer':
    case 'number':
      return at(pointer, wrongNumber(schema, value));
    case 'string':
      return at(pointer, wrongString(schema, value));
    default:
      return [];
  }
}

function at(pointer: string, detail: string | null): FieldError[] {
  return detail === null ? [] : [{ pointer: pointer || '/', detail }];
}

function validateObject(
  schema: Schema,
  value: Record<string, unknown> | undefined,
  pointer: string,
): FieldError[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const member = value?.[name];
    const here = `${pointer}/${name}`;
    if (member !== undefined && member !== null) return validate(property, member, here);
    return schema.required?.includes(name) ? at(here, 'is required') : [];
  });
}

function wrongNumber(schema: Schema, value: unknown): string | null {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'must be a number';
  if (kindOf(schema) === 'integer' && !Number.isInteger(value)) return 'must be a whole number';
  if (schema.minimum !== undefined && value < schema.minimum)
    return `must be at least ${schema.minimum}`;
  if (schema.maximum !== undefined && value > schema.maximum)
    return `must be at most ${schema.maximum}`;
  return null;
}

function wrongString(schema: Schema, value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (schema.enum && !schema.enum.includes(value))
    return `must be one of ${schema.enum.join(', ')}`;
  if (value.length < (schema.minLength ?? 0)) return 'must not be empty';
  if (schema.pattern && !new RegExp(schema.pattern, 'u').test(value)) {
    return schema.pattern === '^/' ? 'must be an absolute path' : `must match ${schema.pattern}`;
  }
  return null;
}
