import { useState, type SubmitEvent } from 'react';
import { api } from '../api/client';
import { Mark } from '../ui/icons';
import { Button } from '../ui/parts';

/** Asks for the password; the page's address stays, so that a link opens after the login. */
export function LoginPage({ onLogin }: { onLogin: () => void }) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    api.login(String(form.get('username')), String(form.get('password')))
      .then(onLogin, (failure: Error) => setError(failure.message))
      .finally(() => setBusy(false));
  };
  return (
    <main className="login">
      <form onSubmit={submit}>
        <Mark size={44} />
        <h1>Fairway</h1>
        <label>
          User name
          <input name="username" autoComplete="username" defaultValue="admin" required />
        </label>
        <label>
          Password
          {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- the only thing to do on this page */}
          <input name="password" type="password" autoComplete="current-password" required autoFocus aria-invalid={error !== ''} aria-describedby="login-error" />
        </label>
        <p id="login-error" role="alert">{error}</p>
        <Button type="submit" look="primary" busy={busy}>Log in</Button>
        <p className="hint">“fairway up” prints the admin password when it starts.</p>
      </form>
    </main>
  );
}
