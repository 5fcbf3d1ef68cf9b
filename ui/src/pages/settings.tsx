import { useEffect, useRef, useState } from 'preact/hooks';
import { useQuery } from '@tanstack/preact-query';
import { ApiError, type FieldError } from '../lib/api';
import { fixed, refresh } from '../lib/cache';
import { heldBack, patchQueue, type Queue, type StageName } from '../lib/queues';
import { validate, type Schema } from '../lib/schema';
import {
  getSettings,
  getSettingsSchema,
  getSettingsSources,
  saveSettings,
  type Settings,
  type Source,
} from '../lib/settings';
import { Failure, Loading, sentenceOf } from '../ui/basics';
import { Confirm } from '../ui/confirm';
import { fieldId, SchemaForm } from '../ui/schema_form';
import { toast } from '../ui/toasts';
import { WaitingOffer } from '../ui/waiting_offer';

export function SettingsPage({ queue }: { queue: Queue | undefined }) {
  const schema = useQuery({
    queryKey: [fixed, 'settings schema'],
    queryFn: ({ signal }) => getSettingsSchema(signal),
    staleTime: Infinity,
  });
  const saved = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => getSettings(signal),
  });
  const sources = useQuery({
    queryKey: ['settings', 'sources'],
    queryFn: ({ signal }) => getSettingsSources(signal),
    retry: false,
  });
  const error = schema.error ?? saved.error;
  const retry = (): void => {
    void schema.refetch();
    void saved.refetch();
  };
  return (
    <>
      <div class="head">
        <h1>Settings</h1>
      </div>
      {error && !(schema.data && saved.data) && <Failure error={error} onRetry={retry} />}
      {!error && !(schema.data && saved.data) && <Loading rows={8} />}
      {schema.data && saved.data && (
        <SettingsForm
          schema={schema.data}
          saved={saved.data.data}
          etag={saved.data.etag}
          sources={sources.data ?? {}}
          queue={queue}
        />
      )}
    </>
  );
}

interface FormProps {
  schema: Schema;
  saved: Settings;
  etag: string | null;
  sources: Record<string, Source>;
  queue: Queue | undefined;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Edits what was saved when the first change was made, so that somebody else's save in between is
 * noticed by the host (412) and shown, not overwritten.
 */
function SettingsForm({ schema, saved, etag, sources, queue }: FormProps) {
  const [base, setBase] = useState({ value: saved, etag });
  const [draft, setDraft] = useState(saved);
  const [errors, setErrors] = useState<FieldError[]>([]);
  const [isClash, setIsClash] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [opened, setOpened] = useState<StageName | null>(null);
  const changed = Object.keys(draft).filter((key) => !same(draft[key], base.value[key]));

  const isEdited = useRef(false);
  isEdited.current = changed.length > 0;

  // With nothing edited, what others save is simply shown.
  useEffect(() => {
    if (isEdited.current) return;
    setBase({ value: saved, etag });
    setDraft(saved);
  }, [saved, etag]);

  const showErrors = (list: FieldError[]): void => {
    setErrors(list);
    const first = list[0];
    if (first) document.getElementById(fieldId(first.pointer))?.focus();
  };

  const write = async (withEtag: string | null): Promise<void> => {
    setIsBusy(true);
    try {
      const patch = Object.fromEntries(changed.map((key) => [key, draft[key]]));
      const answer = await saveSettings(patch, withEtag);
      setBase({ value: answer.data, etag: answer.etag });
      setDraft(answer.data);
      setErrors([]);
      toast('Saved.');
      if (patch['auto_plan'] === true) setOpened('plan');
      else if (patch['auto_build'] === true) setOpened('build');
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) {
        setIsClash(true);
      } else {
        toast(sentenceOf(error), 'bad');
        if (error instanceof ApiError) showErrors(error.problem.errors ?? []);
      }
    } finally {
      setIsBusy(false);
      refresh();
    }
  };

  const onSubmit = (event: Event): void => {
    event.preventDefault();
    if (isBusy || changed.length === 0) return;
    const wrong = validate(schema, draft);
    if (wrong.length > 0) showErrors(wrong);
    else void write(base.etag);
  };
  const onChange = (next: Settings): void => {
    setDraft(next);
    if (errors.length > 0) setErrors(validate(schema, next));
  };
  const discard = (): void => {
    setBase({ value: saved, etag });
    setDraft(saved);
    setErrors([]);
    setIsClash(false);
  };
  const saveAnyway = (): void => {
    setIsClash(false);
    void write(null);
  };
  return (
    <form class="settings" noValidate onSubmit={onSubmit}>
      <SchemaForm
        schema={schema}
        value={draft}
        errors={errors}
        onChange={onChange}
        notes={notesOf(sources)}
        locked={Object.keys(sources).filter((key) => sources[key]?.locked)}
      />
      <div class="savebar" data-open={changed.length > 0}>
        <span>
          {changed.length > 0 ? (
            <>
              Changed: <code>{changed.join(', ')}</code>
            </>
          ) : (
            'No changes'
          )}
        </span>
        <span class="grow" />
        <button type="button" disabled={changed.length === 0} onClick={discard}>
          Discard
        </button>
        <button type="submit" class="primary" disabled={changed.length === 0} aria-busy={isBusy}>
          Save
        </button>
      </div>
      {isClash && (
        <Confirm
          title="Someone else saved settings"
          choices={[
            { label: 'Show theirs', onChoose: discard },
            { label: 'Save mine over theirs', kind: 'danger', onChoose: saveAnyway },
          ]}
          onCancel={() => setIsClash(false)}
        >
          <p>
            The settings changed after you opened this page. Only the fields you changed (
            {changed.join(', ')}) would be written.
          </p>
        </Confirm>
      )}
      {opened && <Offer key={opened} stage={opened} queue={queue} onDone={() => setOpened(null)} />}
    </form>
  );
}

/** After a save that opened a gate: what about the items that stand before it? */
function Offer(props: { stage: StageName; queue: Queue | undefined; onDone: () => void }) {
  const { stage, queue, onDone } = props;
  const [waiting] = useState(() => (queue ? heldBack(queue, stage) : 0));
  useEffect(() => {
    if (waiting === 0) onDone();
  }, [waiting, onDone]);
  if (!queue || waiting === 0) return null;
  const enqueue = async (): Promise<void> => {
    onDone();
    const key = stage === 'plan' ? 'auto_plan' : 'auto_build';
    try {
      await patchQueue(queue.name, { [key]: true, apply_to_waiting: true });
    } catch (error) {
      toast(sentenceOf(error), 'bad');
    }
    refresh();
  };
  return (
    <WaitingOffer
      stage={stage}
      waiting={waiting}
      onAll={() => void enqueue()}
      onOnlyNew={onDone}
      onCancel={onDone}
    />
  );
}

/** Where each value comes from, in words. */
function notesOf(sources: Record<string, Source>): Record<string, string> {
  const notes: Record<string, string> = {};
  for (const [key, { source, file, line, changed_by: by }] of Object.entries(sources)) {
    const place = file ? `${file}${line ? `:${line}` : ''}` : null;
    if (source === 'api') {
      const who = by && by !== 'api' ? ` by ${by}` : '';
      notes[key] = `Saved here${who}${place ? `; at the start it was as in ${place}` : ''}.`;
    } else if (place) {
      notes[key] = `From ${place}.`;
    }
  }
  return notes;
}
