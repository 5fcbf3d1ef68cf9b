import type { ComponentChildren, JSX } from 'preact';
import type { FieldError } from '../lib/api';
import { kindOf, type Schema } from '../lib/schema';

type Value = Record<string, unknown>;

interface Props {
  schema: Schema;
  value: Value;
  errors: FieldError[];
  onChange: (value: Value) => void;
  /** A remark per top-level key, such as where its value comes from. */
  notes?: Record<string, ComponentChildren>;
  /** Top-level keys that cannot be changed here. */
  locked?: string[];
  pointer?: string;
}

export const fieldId = (pointer: string): string => 'f' + pointer.replaceAll('/', '-');

/** Fields for an object of settings, drawn from its schema. */
export function SchemaForm({
  schema,
  value,
  errors,
  onChange,
  notes,
  locked,
  pointer = '',
}: Props) {
  return (
    <>
      {Object.entries(schema.properties ?? {}).map(([name, property]) => {
        const here = `${pointer}/${name}`;
        const set = (next: unknown): void => onChange({ ...value, [name]: next });
        if (kindOf(property) === 'object') {
          return (
            <fieldset key={here}>
              <legend>{property.title ?? name}</legend>
              <SchemaForm
                schema={property}
                value={(value[name] as Value) ?? {}}
                errors={errors}
                onChange={set}
                pointer={here}
              />
            </fieldset>
          );
        }
        return (
          <Field
            key={here}
            name={name}
            pointer={here}
            schema={property}
            value={value[name]}
            error={errors.find((error) => error.pointer === here)?.detail}
            isLocked={!!property.readOnly || !!locked?.includes(name)}
            note={notes?.[name]}
            onChange={set}
          />
        );
      })}
    </>
  );
}

interface FieldProps {
  name: string;
  pointer: string;
  schema: Schema;
  value: unknown;
  error: string | undefined;
  isLocked: boolean;
  note: ComponentChildren;
  onChange: (value: unknown) => void;
}

function Field({ name, pointer, schema, value, error, isLocked, note, onChange }: FieldProps) {
  const id = fieldId(pointer);
  const described = `${id}-d`;
  const lockedBy = schema['x-locked-by'] ?? 'the config file';
  return (
    <div class={error ? 'field bad' : 'field'}>
      <label for={id}>{schema.title ?? name}</label>
      <div class="control">
        <Control
          attributes={{
            id,
            name,
            disabled: isLocked,
            'aria-invalid': !!error,
            'aria-describedby': described,
          }}
          schema={schema}
          value={value}
          onChange={onChange}
        />
        {schema['x-unit'] && <span class="unit">{schema['x-unit']}</span>}
      </div>
      <p id={described}>
        {error && <span class="err">{error}. </span>}
        {schema.description}
        {isLocked && (
          <span>
            {' '}
            Set in <code>{lockedBy}</code>; change it there.
          </span>
        )}
        {note && <span> {note}</span>}
      </p>
    </div>
  );
}

interface ControlProps {
  attributes: JSX.HTMLAttributes<HTMLElement> & Record<string, unknown>;
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
}

/** What a field shows of a value that may be of the wrong type. */
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

function Control({ attributes, schema, value, onChange }: ControlProps) {
  const kind = kindOf(schema);
  if (kind === 'boolean') {
    return (
      <input
        {...(attributes as object)}
        type="checkbox"
        role="switch"
        class="sw"
        checked={!!value}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  }
  if (schema.enum) {
    return (
      <select
        {...(attributes as object)}
        value={textOf(value)}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {schema.enum.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    );
  }
  if (kind === 'integer' || kind === 'number') {
    return (
      <input
        {...(attributes as object)}
        type="number"
        min={schema.minimum}
        max={schema.maximum}
        step={kind === 'integer' ? 1 : 'any'}
        value={textOf(value)}
        onInput={({ currentTarget }) =>
          onChange(currentTarget.value === '' ? undefined : currentTarget.valueAsNumber)
        }
      />
    );
  }
  if (schema.writeOnly) {
    return (
      <input
        {...(attributes as object)}
        type="password"
        autoComplete="new-password"
        placeholder={value === null ? 'not set' : 'set – type to replace'}
        onInput={(event) => onChange(event.currentTarget.value || value)}
      />
    );
  }
  return (
    <input
      {...(attributes as object)}
      type={schema.format === 'uri' ? 'url' : 'text'}
      autoComplete="off"
      spellcheck={false}
      value={textOf(value)}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}
