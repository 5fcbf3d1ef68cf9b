import { useEffect, useRef } from 'preact/hooks';

export interface Shortcut {
  keys: string;
  does: string;
}

export const inEditable = (event: Event): boolean =>
  /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as HTMLElement).tagName);

export function Shortcuts({ list }: { list: Shortcut[] }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = (): void => {
    if (!dialog.current?.open) dialog.current?.showModal();
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === '?' && !inEditable(event)) open();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <button type="button" class="small" aria-label="Keyboard shortcuts" onClick={open}>
        ?
      </button>
      <dialog ref={dialog} aria-labelledby="keys-title">
        <h2 id="keys-title">Keyboard</h2>
        <dl class="keys">
          {list.map(({ keys, does }) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <div class="row end">
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
      </dialog>
    </>
  );
}
