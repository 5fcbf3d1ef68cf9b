interface Props {
  on: boolean;
  /** The name of the switch, such as "Planning". */
  name: string;
  /** The word beside it, such as "auto". */
  word: string;
  busy: boolean;
  onChange: (on: boolean) => void;
}

/** Shows what the host says, not what was clicked: it moves when the answer comes. */
export function Switch({ on, name, word, busy, onChange }: Props) {
  const onClick = (event: MouseEvent): void => {
    event.preventDefault();
    if (!busy) onChange(!on);
  };
  return (
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked={on}
      aria-busy={busy}
      aria-label={`${name}: ${word}`}
      onClick={onClick}
    >
      <span aria-hidden="true" />
      <em>{word}</em>
    </button>
  );
}
