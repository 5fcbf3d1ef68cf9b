import { useRef, useState } from 'preact/hooks';
import { uploadInput } from '../lib/inputs';
import { useAction } from '../ui/action_button';
import { sentenceOf } from '../ui/basics';
import { toast } from '../ui/toasts';

/** Sends files one after the other; one refused file does not stop the others. */
async function uploadAll(files: File[], queue: string | null): Promise<string | void> {
  const sent: string[] = [];
  for (const file of files) {
    try {
      const input = await uploadInput(file, queue);
      sent.push(`${input.filename} is input ${input.id}`);
    } catch (error) {
      toast(`${file.name}: ${sentenceOf(error)}`, 'bad');
    }
  }
  return sent.length ? `${sent.join(', ')}.` : undefined;
}

/** A place to drop files on, with a button for those who do not drag. */
export function Upload({ queue }: { queue: string | null }) {
  const picker = useRef<HTMLInputElement>(null);
  const [isOver, setIsOver] = useState(false);
  const { busy, run } = useAction();
  const send = (list: FileList | null | undefined): void => {
    const files = [...(list ?? [])];
    if (files.length > 0) run(() => uploadAll(files, queue));
  };
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setIsOver(false);
    send(event.dataTransfer?.files);
  };
  const onDragOver = (event: DragEvent): void => {
    event.preventDefault();
    setIsOver(true);
  };
  return (
    <div
      class={isOver ? 'drop over' : 'drop'}
      onDrop={onDrop}
      onDragOver={onDragOver}
      onDragLeave={() => setIsOver(false)}
    >
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          send(currentTarget.files);
          currentTarget.value = '';
        }}
      />
      <button type="button" aria-disabled={busy} onClick={() => !busy && picker.current?.click()}>
        {busy ? 'Sending…' : 'Upload a file'}
      </button>
      <span class="muted">or drop it here</span>
    </div>
  );
}
