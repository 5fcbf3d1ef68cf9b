import { useState } from 'preact/hooks';
import { signIn } from '../lib/session';
import { sentenceOf } from '../ui/basics';

/** Instead of every page, for a browser that nobody signed in. `refused`: why a link did not. */
export function SignInPage({ refused }: { refused: string | null }) {
  const [key, setKey] = useState('');
  const [error, setError] = useState(refused);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (busy || !key.trim()) return;
    setBusy(true);
    signIn(key.trim())
      .catch((reason: unknown) => setError(sentenceOf(reason)))
      .finally(() => setBusy(false));
  };
  return (
    <main id="main" class="sign-in">
      <h1>
        <img src="/icon.svg" alt="" width="26" height="26" /> planwright
      </h1>
      <form onSubmit={submit}>
        <label for="key">Token</label>
        <input
          id="key"
          type="password"
          autocomplete="off"
          value={key}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
        <button type="submit" class="primary" aria-disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
        {error && (
          <p class="why fail" role="alert">
            {error}
          </p>
        )}
      </form>
      <p class="muted">
        On the machine of the server, <code>planwright login-link</code> prints a link that signs
        this browser in. Others ask an administrator for a token.
      </p>
    </main>
  );
}
