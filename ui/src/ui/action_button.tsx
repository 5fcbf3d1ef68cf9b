import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { refresh } from '../lib/cache';
import { sentenceOf } from './basics';
import { toast } from './toasts';

/** Does `act` once at a time, says how it went and asks for the new state. */
export function useAction(): { busy: boolean; run: (act: () => Promise<string | void>) => void } {
  const [busy, setBusy] = useState(false);
  const run = (act: () => Promise<string | void>): void => {
    if (busy) return;
    setBusy(true);
    act()
      .then((said) => said && toast(said))
      .catch((error: unknown) => toast(sentenceOf(error), 'bad'))
      .finally(() => {
        setBusy(false);
        refresh();
      });
  };
  return { busy, run };
}

interface Props {
  /** Resolves to what should be said on success. */
  onAct: () => Promise<string | void>;
  children: ComponentChildren;
  kind?: 'primary' | 'danger' | 'small';
  /** What it acts on, for those who hear the button without its row. */
  about?: string;
}

/** A button that is off while its request is under way. It keeps the focus meanwhile. */
export function ActionButton({ onAct, children, kind = 'small', about }: Props) {
  const { busy, run } = useAction();
  return (
    <button
      type="button"
      class={kind}
      aria-disabled={busy}
      aria-busy={busy}
      onClick={() => run(onAct)}
    >
      {children}
      {about && <span class="vh"> {about}</span>}
    </button>
  );
}
