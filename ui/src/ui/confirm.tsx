import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface Choice {
  label: string;
  kind?: 'primary' | 'danger';
  onChoose: () => void;
}

interface Props {
  title: string;
  children: ComponentChildren;
  choices: Choice[];
  /** Escape, or the button that changes nothing. */
  onCancel: () => void;
}

/** A question. A native dialog: focus trap, Escape and inertness come from the browser. */
export function Confirm({ title, children, choices, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  const onEscape = (event: Event): void => {
    event.preventDefault();
    onCancel();
  };
  return (
    <dialog ref={dialog} onCancel={onEscape} aria-labelledby={titleId}>
      <h2 id={titleId}>{title}</h2>
      <div>{children}</div>
      <div class="row end">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        {choices.map(({ label, kind, onChoose }) => (
          <button key={label} type="button" class={kind} onClick={onChoose}>
            {label}
          </button>
        ))}
      </div>
    </dialog>
  );
}
