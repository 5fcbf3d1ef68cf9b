import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../lib/api';
import { cache } from '../lib/cache';
import { callerKey, signIn, signOut, takeLoginKey, useCaller } from '../lib/session';
import { SignInPage } from '../pages/sign_in';
import { PageFailure, sentenceOf } from './basics';

/** Shows its children to whoever the host lets in. */
export function SignedIn({ children }: { children: ComponentChildren }) {
  const { isOver, refused } = useLoginLink();
  const caller = useCaller();
  useEffect(() => askAgainWhenRefused(), []);
  if (!isOver) return null;
  if (caller.data) {
    const isIn = caller.data.access === 'none' || caller.data.name !== null;
    return isIn ? <>{children}</> : <SignInPage refused={refused} />;
  }
  if (!caller.error) return null;
  const retry = (): void => void caller.refetch();
  return (
    <main id="main">
      <PageFailure title="planwright" error={caller.error} onRetry={retry} />
    </main>
  );
}

/** Uses the link up, if the page was opened by one. */
function useLoginLink(): { isOver: boolean; refused: string | null } {
  const [key] = useState(takeLoginKey);
  const [state, setState] = useState({ isOver: key === null, refused: null as string | null });
  useEffect(() => {
    if (key === null) return;
    signIn(key)
      .then(() => setState({ isOver: true, refused: null }))
      .catch((error: unknown) => setState({ isOver: true, refused: sentenceOf(error) }));
  }, [key]);
  return state;
}

/** A session that ended is noticed by whatever is asked next. */
function askAgainWhenRefused(): () => void {
  return cache.getQueryCache().subscribe(({ query }) => {
    const error: unknown = query.state.error;
    if (error instanceof ApiError && error.status === 401 && cache.getQueryData(callerKey))
      void cache.invalidateQueries({ queryKey: callerKey });
  });
}

/** Who is signed in, and as what, in the head of the page. */
export function CallerMenu() {
  const caller = useCaller();
  if (!caller.data?.name || caller.data.access === 'none') return null;
  const { name, role, queues } = caller.data;
  return (
    <span class="caller">
      <span class="who">
        <b>{name}</b>{' '}
        <span class="muted">
          {role}
          {queues && ` of ${queues.join(', ')}`}
        </span>
      </span>
      <button type="button" class="small" onClick={() => void signOut()}>
        Sign out
      </button>
    </span>
  );
}

/** Said on every page of a host that asks nobody who they are. */
export function OpenBanner() {
  const caller = useCaller();
  if (caller.data?.access !== 'none') return null;
  return (
    <div class="banner">
      <p class="why" role="status">
        <strong>Everybody is an administrator here.</strong> The configuration says{' '}
        <code>access: {'{mode: none}'}</code>: every program and user of this machine may do
        everything.
      </p>
    </div>
  );
}
