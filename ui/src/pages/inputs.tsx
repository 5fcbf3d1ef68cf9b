import { useQuery } from '@tanstack/preact-query';
import { bytes, plural, shortDigest } from '../lib/format';
import {
  canGeneratePlan,
  generatePlan,
  inputStatuses,
  listArriving,
  listInputs,
  type PendingInput,
} from '../lib/inputs';
import { ActionButton } from '../ui/action_button';
import { Ago, Empty } from '../ui/basics';
import { ProgressNote } from '../ui/progress_note';
import { shownStatus, Status } from '../ui/status';
import type { Column } from '../ui/table';
import { List } from './list';
import { Upload } from './upload';

function FileCell({ input }: { input: PendingInput }) {
  const version = input.generation > 1 ? ` · version ${input.generation}` : '';
  return (
    <span class="file">
      <b>{input.filename}</b>{' '}
      <span class="muted mono">
        {shortDigest(input.digest)} · {bytes(input.sizeBytes)}
        {version}
      </span>
    </span>
  );
}

function WhyCell({ input }: { input: PendingInput }) {
  if (input.progress) return <ProgressNote of={input.progress} />;
  const reason = input.reason?.message ?? input.error;
  if (reason) return <span title={input.reason?.hint ?? reason}>{reason}</span>;
  return (
    <>
      {input.planIds.map((id) => (
        <a key={id} href={`/plans/${id}`}>
          plan {id}{' '}
        </a>
      ))}
    </>
  );
}

export function PlanButton({ input, isMain = false }: { input: PendingInput; isMain?: boolean }) {
  if (!canGeneratePlan(input)) return null;
  const act = async (): Promise<string> => {
    await generatePlan(input.id);
    return `Input ${input.id} is in the plan queue.`;
  };
  return (
    <ActionButton kind={isMain ? 'primary' : 'small'} onAct={act} about={`for ${input.filename}`}>
      Generate plan
    </ActionButton>
  );
}

const columns: Column<PendingInput>[] = [
  {
    name: 'Input',
    className: 'num id',
    cell: (input) => <a href={`/inputs/${input.id}`}>{input.id}</a>,
  },
  { name: 'File', className: 'name', cell: (input) => <FileCell input={input} /> },
  {
    name: 'Status',
    cell: (input) => (
      <Status
        status={shownStatus(input)}
        note={input.attempt > 1 ? `try ${input.attempt} of ${input.maxAttempts}` : null}
      />
    ),
  },
  { name: 'Why', className: 'why-cell', cell: (input) => <WhyCell input={input} /> },
  { name: 'Seen', className: 'when', cell: (input) => <Ago at={input.createdAt} /> },
  { name: '', className: 'act', cell: (input) => <PlanButton input={input} /> },
];

export function InputsPage({ queue, isOnlyQueue }: { queue: string | null; isOnlyQueue: boolean }) {
  return (
    <>
      <div class="head">
        <h1>Inputs</h1>
        <span class="grow" />
        <Upload queue={queue} />
      </div>
      <ArrivingFiles />
      <List
        kind="inputs"
        statuses={inputStatuses}
        queue={isOnlyQueue ? null : queue}
        columns={columns}
        hrefOf={(input) => `/inputs/${input.id}`}
        load={listInputs}
        empty={
          <Empty title="No inputs yet">
            <p>Drop a file in the watched folder, upload one here, or send one:</p>
            <pre>planwright submit requirements.txt</pre>
          </Empty>
        }
      />
    </>
  );
}

/** Files that somebody may still be writing to. Nothing is shown when there are none. */
function ArrivingFiles() {
  const arriving = useQuery({
    queryKey: ['arriving'],
    queryFn: ({ signal }) => listArriving(signal),
    refetchInterval: (query) => (query.state.error ? false : 5_000),
    retry: false,
  });
  const files = arriving.data ?? [];
  if (files.length === 0) return null;
  return (
    <section class="arriving" aria-label="Arriving files">
      <p>
        <strong>{plural(files.length, 'file')} arriving</strong>{' '}
        <span class="muted">Recorded as soon as nobody writes to them any more.</span>
      </p>
      <ul>
        {files.slice(0, 8).map((file) => (
          <li key={`${file.queue}/${file.filename}`}>
            <b>{file.filename}</b> <span class="muted">{bytes(file.sizeBytes)} </span>
            <span class="muted">{file.note}</span> <Ago at={file.since} />
          </li>
        ))}
      </ul>
    </section>
  );
}
