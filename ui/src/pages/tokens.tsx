import { useState } from 'preact/hooks';
import { keepPreviousData, useQuery } from '@tanstack/preact-query';
import type { Queue } from '../lib/queues';
import { listTokens, revokeToken, stateOf, type Token } from '../lib/tokens';
import { useAction } from '../ui/action_button';
import { Ago, Empty, Failure, Loading, useNow } from '../ui/basics';
import { Confirm } from '../ui/confirm';
import { CopyText } from '../ui/copy_text';
import { Table, type Column } from '../ui/table';
import { NewToken } from './new_token';

/** Who may come in, and how far. For administrators of the whole host. */
export function TokensPage({ queues }: { queues: Queue[] | undefined }) {
  const [isMaking, setIsMaking] = useState(false);
  const [made, setMade] = useState<{ name: string; text: string } | null>(null);
  const tokens = useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => listTokens(signal),
    placeholderData: keepPreviousData,
  });
  const onMade = (name: string, text: string): void => {
    setMade({ name, text });
    setIsMaking(false);
  };
  const isRefused = tokens.error && !tokens.data;
  return (
    <>
      <div class="head">
        <h1>Tokens</h1>
        <span class="grow" />
        {tokens.data && !isMaking && (
          <button type="button" class="primary" onClick={() => setIsMaking(true)}>
            New token
          </button>
        )}
      </div>
      {made && <Made key={made.text} {...made} onDone={() => setMade(null)} />}
      {isMaking && (
        <NewToken
          queues={queues?.map(({ name }) => name) ?? []}
          onMade={onMade}
          onCancel={() => setIsMaking(false)}
        />
      )}
      {isRefused && <Failure error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {!tokens.data && !tokens.error && <Loading rows={4} />}
      {tokens.data?.length === 0 && (
        <Empty title="No tokens yet">
          <p>
            A token lets a person or a program in, as a viewer, an operator, an approver or an
            administrator.
          </p>
        </Empty>
      )}
      {tokens.data && tokens.data.length > 0 && (
        <Table label="Tokens" columns={columns} rows={tokens.data} keyOf={({ id }) => id} />
      )}
    </>
  );
}

/** The text of a token that was made just now. Nothing shows it a second time. */
function Made({ name, text, onDone }: { name: string; text: string; onDone: () => void }) {
  return (
    <section class="card made" aria-label="The new token">
      <h2>{name} is made. Copy its text now: it is not shown again.</h2>
      <CopyText text={text} label={`Token ${name}`} />
      <p>
        <button type="button" onClick={onDone}>
          I have it
        </button>
      </p>
    </section>
  );
}

const columns: Column<Token>[] = [
  { name: 'Name', className: 'name', cell: ({ name }) => <b>{name}</b> },
  { name: 'Role', cell: ({ role }) => role },
  { name: 'Queues', cell: ({ queues }) => queues?.join(', ') ?? 'all' },
  { name: 'Expires', className: 'when', cell: (token) => <Expires token={token} /> },
  {
    name: 'Last used',
    className: 'when',
    cell: ({ usedAt }) => (usedAt ? <Ago at={usedAt} /> : <span class="muted">never</span>),
  },
  {
    name: 'Made',
    className: 'when',
    cell: ({ createdAt, createdBy }) => (
      <>
        <Ago at={createdAt} /> <span class="muted">by {createdBy}</span>
      </>
    ),
  },
  { name: '', className: 'act', cell: (token) => <Revoke token={token} /> },
];

function Expires({ token }: { token: Token }) {
  const now = useNow(10_000);
  const state = stateOf(token, now);
  if (state === 'revoked') {
    return (
      <>
        <b class="bad">revoked</b> <Ago at={token.revokedAt} />{' '}
        {token.revokedBy && <span class="muted">by {token.revokedBy}</span>}
      </>
    );
  }
  if (!token.expiresAt) return <span class="muted">never</span>;
  return (
    <>
      {state === 'expired' && <b class="bad">expired </b>}
      <time dateTime={token.expiresAt.toISOString()}>{token.expiresAt.toLocaleString()}</time>
    </>
  );
}

function Revoke({ token }: { token: Token }) {
  const [isAsking, setIsAsking] = useState(false);
  const { busy, run } = useAction();
  if (token.revokedAt) return null;
  const revoke = (): void => {
    setIsAsking(false);
    run(async () => {
      await revokeToken(token.id);
      return `${token.name} is revoked.`;
    });
  };
  return (
    <>
      <button
        type="button"
        class="small"
        aria-disabled={busy}
        aria-busy={busy}
        onClick={() => setIsAsking(true)}
      >
        Revoke…<span class="vh"> {token.name}</span>
      </button>
      {isAsking && (
        <Confirm
          title={`Revoke ${token.name}?`}
          choices={[{ label: 'Revoke', kind: 'danger', onChoose: revoke }]}
          onCancel={() => setIsAsking(false)}
        >
          <p>
            Whoever uses it is out at once, and so are the browsers that it signed in. It cannot be
            taken back.
          </p>
        </Confirm>
      )}
    </>
  );
}
