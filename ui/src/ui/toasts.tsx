import { useEffect, useState } from 'preact/hooks';

type Tone = 'ok' | 'bad';

interface Toast {
  id: number;
  text: string;
  tone: Tone;
}

const shownAtMost = 3;
const goodNewsMs = 6000;

let nextId = 1;
let show: (toast: Toast) => void = () => {};

/** Says something at the corner of the page. Bad news stays until it is dismissed. */
export function toast(text: string, tone: Tone = 'ok'): void {
  show({ id: nextId++, text, tone });
}

export function Toasts() {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const dismiss = (id: number): void => setToasts((list) => list.filter((one) => one.id !== id));
  useEffect(() => {
    show = (added) => {
      setToasts((list) => [...list.slice(1 - shownAtMost), added]);
      if (added.tone === 'ok') setTimeout(() => dismiss(added.id), goodNewsMs);
    };
    return () => {
      show = () => {};
    };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, tone }) => (
        <p key={id} class={tone}>
          <span>{text}</span>
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
