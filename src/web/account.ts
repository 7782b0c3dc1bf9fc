/**
 * The page that links in mails open: confirms an address, sets a new password, undoes a change of address. The token
 * stands behind the `#`, which browsers send to nobody. Nothing is done before the button is pressed: mail programs
 * open links by themselves.
 */
import type { Action, Texts } from './account/texts.js';
import { TEXTS } from './account/texts.js';
import { byId } from './chat-test/dom.js';

const PATHS: Record<Action, string> = {
  verify: '/api/auth/verify-email',
  change: '/api/auth/verify-email',
  reset: '/api/auth/reset-password',
  changed: '/api/auth/undo-email-change',
};

const query = new URLSearchParams(location.search);
const locale = query.get('lang') ?? '';
const texts: Texts = TEXTS[locale] ?? TEXTS.en!;

const isAction = (text: string | null): text is Action => text !== null && text in PATHS;

/** The answer of the server, as far as the page needs it. */
interface Answer {
  code?: string;
  data?: { resetToken?: string };
}

const post = async (path: string, body: object): Promise<Answer> => {
  // Relative, because the server may lie below a path of its address.
  const response = await fetch(`..${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Answer;
};

const problemOf = (code: string): string => {
  if (code === 'LINK_INVALID') return texts.linkInvalid;
  if (code === 'EMAIL_TAKEN') return texts.emailTaken;
  return code === 'VALIDATION' ? texts.passwordUnfit : texts.failed;
};

/** Shows one step, and does it when the button is pressed. */
const show = (action: Action, token: string): void => {
  const form = byId('form') as HTMLFormElement;
  const password = byId('password') as HTMLInputElement;
  const submit = byId('submit') as HTMLButtonElement;
  const isReset = action === 'reset';
  document.title = texts.titles[action];
  byId('title').textContent = texts.titles[action];
  byId('text').textContent = texts.explanations[action];
  byId('password-field').hidden = !isReset;
  byId('password-label').textContent = texts.password;
  password.required = isReset;
  submit.textContent = texts.buttons[action];

  const tell = (problem: string): void => {
    byId('problem').textContent = problem;
    password.setAttribute('aria-invalid', String(isReset && problem !== ''));
  };
  const run = async (): Promise<void> => {
    const answer = await post(PATHS[action], {
      token,
      ...(isReset && { password: password.value }),
    });
    if (answer.code !== undefined) {
      tell(problemOf(answer.code));
    } else if (action === 'changed') {
      show('reset', answer.data?.resetToken ?? '');
      password.focus();
    } else {
      form.hidden = true;
      byId('text').hidden = true;
      byId('done').textContent = texts.done[action];
      byId('done').focus();
    }
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    tell('');
    submit.disabled = true;
    run()
      .catch(() => {
        tell(texts.failed);
      })
      .finally(() => {
        submit.disabled = false;
      });
  };
};

document.documentElement.lang = locale in TEXTS ? locale : 'en';
document.documentElement.dir = locale === 'ar' ? 'rtl' : 'ltr';
const asked = query.get('action');
const token = location.hash.slice(1);
if (isAction(asked) && token !== '') {
  show(asked, token);
} else {
  byId('form').hidden = true;
  byId('text').textContent = texts.linkInvalid;
}
byId('page').hidden = false;
