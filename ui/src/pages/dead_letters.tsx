import { useState } from 'preact/hooks';
import { keepPreviousData, useQuery } from '@tanstack/preact-query';
import {
  answer,
  answerAll,
  deadKinds,
  listCauses,
  listDeadLetters,
  type Answer,
  type Cause,
  type DeadLetter,
} from '../lib/dead_letters';
import { plural } from '../lib/format';
import { ActionButton, useAction } from '../ui/action_button';
import { Ago, Empty } from '../ui/basics';
import { Confirm } from '../ui/confirm';
import type { Column } from '../ui/table';
import { List } from './list';

const columns: Column<DeadLetter>[] = [
  {
    name: 'Item',
    cell: ({ kind, itemId }) => (
      <a href={`/${kind}s/${itemId}`}>
        {kind} {itemId}
      </a>
    ),
  },
  { name: 'File', cell: ({ name }) => name, className: 'file' },
  { name: 'Class', cell: ({ failureClass }) => failureClass },
  { name: 'Attempts', cell: ({ attempts }) => attempts, className: 'num' },
  { name: 'Died', cell: ({ diedAt }) => <Ago at={diedAt} /> },
  { name: 'Why', cell: ({ reason }) => reason?.message },
  {
    name: '',
    cell: ({ id, name }) => (
      <>
        <ActionButton about={name} onAct={() => answer(id, 'requeue')}>
          Requeue
        </ActionButton>{' '}
        <ActionButton about={name} onAct={() => answer(id, 'discard')}>
          Discard
        </ActionButton>
      </>
    ),
  },
];

export function DeadLettersPage({ queue }: { queue: string | null }) {
  return (
    <>
      <div class="head">
        <h1>Dead letters</h1>
      </div>
      <Causes queue={queue} />
      <List
        kind="dead letters"
        statuses={deadKinds}
        queue={queue}
        columns={columns}
        load={listDeadLetters}
        hrefOf={({ kind, itemId }) => `/${kind}s/${itemId}`}
        empty={
          <Empty title="No dead letters">
            <p>Inputs and plans land here when they failed and are not tried again.</p>
          </Empty>
        }
      />
    </>
  );
}

/** What several died of, answered at once. */
function Causes({ queue }: { queue: string | null }) {
  const causes = useQuery({
    queryKey: ['dead letters', 'causes', queue],
    queryFn: ({ signal }) => listCauses(queue, signal),
    placeholderData: keepPreviousData,
  });
  const [asked, ask] = useState<{ cause: Cause; action: Answer } | null>(null);
  const { run } = useAction();
  const several = causes.data?.filter(({ count }) => count > 1) ?? [];
  if (several.length === 0) return null;
  const word = asked?.action === 'discard' ? 'Discard' : 'Requeue';
  return (
    <section class="card">
      <h2>By cause</h2>
      <ul class="todo">
        {several.map((cause) => (
          <li key={cause.cause} class="row">
            <b>{plural(cause.count, cause.kind)}</b>
            <span>{cause.title}</span>
            <span class="grow" />
            {(['requeue', 'discard'] as const).map((action) => (
              <button
                key={action}
                type="button"
                class="small"
                onClick={() => ask({ cause, action })}
              >
                {action === 'requeue' ? 'Requeue all…' : 'Discard all…'}
                <span class="vh"> {cause.title}</span>
              </button>
            ))}
          </li>
        ))}
      </ul>
      {asked && (
        <Confirm
          title={`${word} ${plural(asked.cause.count, asked.cause.kind)}?`}
          choices={[
            {
              label: word,
              kind: asked.action === 'discard' ? 'danger' : 'primary',
              onChoose: () => {
                ask(null);
                run(() => answerAll(asked.cause, queue, asked.action));
              },
            },
          ]}
          onCancel={() => ask(null)}
        >
          <p>{asked.cause.title}</p>
        </Confirm>
      )}
    </section>
  );
}
