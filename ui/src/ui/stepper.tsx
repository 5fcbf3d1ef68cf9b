import { useState } from 'preact/hooks';
import { Confirm } from './confirm';

interface Props {
  /** Such as "plan workers". */
  name: string;
  value: number;
  busy: boolean;
  onChange: (value: number) => void;
}

const most = 1024;

/** A pool size with a button on either side. Zero means that nothing moves, so it asks first. */
export function Stepper({ name, value, busy, onChange }: Props) {
  const [asking, setAsking] = useState(false);
  const change = (next: number): void => {
    if (busy || next < 0 || next > most) return;
    if (next === 0) setAsking(true);
    else onChange(next);
  };
  const stop = (): void => {
    setAsking(false);
    onChange(0);
  };
  return (
    <span class="stepper" role="group" aria-label={name} aria-busy={busy}>
      <button
        type="button"
        aria-label={`Fewer ${name}`}
        aria-disabled={value === 0}
        onClick={() => change(value - 1)}
      >
        −
      </button>
      <output class="num" aria-label={`${value} ${name}`}>
        {value}
      </output>
      <button type="button" aria-label={`More ${name}`} onClick={() => change(value + 1)}>
        +
      </button>
      {asking && (
        <Confirm
          title={`No ${name}?`}
          choices={[{ label: 'Set to 0', kind: 'danger', onChoose: stop }]}
          onCancel={() => setAsking(false)}
        >
          <p>What runs now finishes. Nothing new starts until the number is raised again.</p>
        </Confirm>
      )}
    </span>
  );
}
