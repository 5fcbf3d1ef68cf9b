import { useState } from 'preact/hooks';
import { ApiError } from '../lib/api';
import { refresh } from '../lib/cache';
import { createToken, lifetimes, roles, type Role } from '../lib/tokens';
import { sentenceOf } from '../ui/basics';

interface Props {
  /** Names of all queues. */
  queues: string[];
  onMade: (name: string, text: string) => void;
  onCancel: () => void;
}

/** What a new token is for. The host checks it, and its words stand beside the field they mean. */
export function NewToken({ queues, onMade, onCancel }: Props) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('operator');
  const [isForAll, setIsForAll] = useState(true);
  const [chosen, setChosen] = useState<string[]>([]);
  const [lifetime, setLifetime] = useState<string | null>('30d');
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [isBusy, setIsBusy] = useState(false);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    try {
      const wish = { name: name.trim(), role, queues: isForAll ? null : chosen, lifetime };
      onMade(wish.name, await createToken(wish));
      refresh();
    } catch (error) {
      setErrors(errorsOf(error));
      setIsBusy(false);
    }
  };
  const toggle = (queue: string): void =>
    setChosen((list) =>
      list.includes(queue) ? list.filter((one) => one !== queue) : [...list, queue],
    );
  return (
    <form class="card settings newtoken" noValidate onSubmit={(event) => void submit(event)}>
      <h2>New token</h2>
      <div class="field">
        <label for="token-name">Name</label>
        <div class="control">
          <input
            id="token-name"
            type="text"
            autocomplete="off"
            value={name}
            aria-describedby="token-name-note"
            aria-invalid={!!errors['/name']}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </div>
        <p id="token-name-note">Of the person or the program. Events show it.</p>
        <Wrong text={errors['/name']} />
      </div>
      <div class="field">
        <label for="token-role">Role</label>
        <div class="control">
          <select
            id="token-role"
            value={role}
            onChange={({ currentTarget }) => setRole(currentTarget.value as Role)}
          >
            {roles.map(({ role: one, may }) => (
              <option key={one} value={one}>
                {one}: {may}
              </option>
            ))}
          </select>
        </div>
        <p>Each role may do what those before it may.</p>
        <Wrong text={errors['/role']} />
      </div>
      <div class="field">
        <span class="label" id="token-queues">
          Queues
        </span>
        <div class="control wrap" role="group" aria-labelledby="token-queues">
          <Box text="All queues" isOn={isForAll} onToggle={() => setIsForAll(!isForAll)} />
          {!isForAll &&
            queues.map((queue) => (
              <Box
                key={queue}
                text={queue}
                isOn={chosen.includes(queue)}
                onToggle={() => toggle(queue)}
              />
            ))}
        </div>
        <Wrong text={errors['/queues']} />
      </div>
      <div class="field">
        <label for="token-lifetime">Expires</label>
        <div class="control">
          <select
            id="token-lifetime"
            value={lifetime ?? ''}
            onChange={({ currentTarget }) => setLifetime(currentTarget.value || null)}
          >
            {lifetimes.map(({ text, value }) => (
              <option key={text} value={value ?? ''}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <Wrong text={errors['/expires_in']} />
      </div>
      <Wrong text={errors['']} />
      <div class="row end">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="primary" aria-disabled={isBusy} aria-busy={isBusy}>
          Make the token
        </button>
      </div>
    </form>
  );
}

/** By pointer; what belongs to no field has none. */
function errorsOf(error: unknown): Record<string, string> {
  const fields = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  if (fields.length === 0) return { '': sentenceOf(error) };
  return Object.fromEntries(fields.map(({ pointer, detail }) => [pointer, detail]));
}

function Wrong({ text }: { text: string | undefined }) {
  return text ? (
    <p class="err" role="alert">
      {text}
    </p>
  ) : null;
}

function Box({ text, isOn, onToggle }: { text: string; isOn: boolean; onToggle: () => void }) {
  return (
    <label class="box">
      <input type="checkbox" checked={isOn} onChange={onToggle} /> {text}
    </label>
  );
}
