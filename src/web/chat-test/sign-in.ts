import type { Login } from './api.js';
import { Api } from './api.js';
import { byId } from './dom.js';

/** What makes this browser known to the server, by the name of who has signed in. */
const deviceKey = (username: string): string => `parley.chat-test.device.${username.toLowerCase()}`;

/** Shows the form until somebody has logged in or registered. */
export const signIn = (): Promise<Login> => {
  const view = byId('sign-in');
  const form = byId<HTMLFormElement>('sign-in-form');
  const error = byId('sign-in-error');
  const switcher = byId<HTMLButtonElement>('switch-mode');
  const submit = form.querySelector<HTMLButtonElement>('button[type=submit]')!;
  let isRegistering = false;

  const show = () => {
    byId('email-field').hidden = !isRegistering;
    submit.textContent = isRegistering ? 'Register' : 'Log in';
    switcher.textContent = isRegistering
      ? 'Already have an account? Log in'
      : 'No account yet? Register';
    error.textContent = '';
  };
  switcher.onclick = () => {
    isRegistering = !isRegistering;
    show();
  };
  show();
  view.hidden = false;
  form.querySelector('input')!.focus();

  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      const fields = new FormData(form);
      const text = (name: string) => String(fields.get(name) ?? '').trim();
      const password = String(fields.get('password') ?? '');
      submit.disabled = true;
      const attempt = isRegistering
        ? Api.register(text('username'), text('email'), password)
        : Api.login(
            text('username'),
            password,
            localStorage.getItem(deviceKey(text('username'))) ?? '',
          );
      attempt
        .then((login) => {
          localStorage.setItem(deviceKey(login.user.username), login.deviceToken);
          view.hidden = true;
          form.reset();
          resolve(login);
        })
        .catch((reason: unknown) => {
          error.textContent = reason instanceof Error ? reason.message : String(reason);
        })
        .finally(() => {
          submit.disabled = false;
        });
    };
  });
};
