import { useRef, useState } from 'preact/hooks';

/** A text to be taken elsewhere. Where the browser lets no page copy (plain http), it is selected. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied.');
    } catch {
      setSaid('It is selected: press Ctrl C.');
    }
  };
  return (
    <div class="copytext">
      <input ref={field} class="mono" type="text" readOnly value={text} aria-label={label} />
      <button type="button" onClick={() => void copy()}>
        Copy
      </button>
      <span class="muted" role="status">
        {said}
      </span>
    </div>
  );
}
