import { ChatError, completeSignIn, forgotPassword, signIn, signUp } from '@parley-chat/client';
import type { SignedIn } from '@parley-chat/client';
import { useState } from 'react';
import type { FormEvent, ReactNode } from 'react';
import { Form } from 'react-aria-components';
import { loginStore } from './login-store.js';
import styles from './SignInScreens.module.css';
import { useErrorText, useText } from '../i18n/index.js';
import { Button, Field } from '../kit/index.js';

type Screen = 'sign-in' | 'register' | 'forgotten' | 'forgotten-sent' | 'second-step';

const enter = ({ token, refreshToken, user }: SignedIn): void => {
  loginStore.set({ token, refreshToken, userId: user.id });
};

const codeOf = (error: unknown): string | undefined =>
  error instanceof ChatError ? error.code : undefined;

interface FormScreenProps {
  title: string;
  text?: string;
  action: string;
  /** Sends the form; what it rejects with is shown. */
  onSubmit: (data: FormData) => Promise<void>;
  /** Ways to other screens. */
  others?: ReactNode;
  children: (errorOf: (field: string) => string | undefined) => ReactNode;
}

/** A form with one button, which says what was wrong where it was wrong. */
const FormScreen = ({ title, text, action, onSubmit, others, children }: FormScreenProps) => {
  const errorText = useErrorText();
  const [error, setError] = useState<unknown>();
  const [isPending, setPending] = useState(false);
  const fieldErrors = error instanceof ChatError ? error.errors : [];
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isPending) return;
    setPending(true);
    setError(undefined);
    onSubmit(new FormData(event.currentTarget))
      .catch(setError)
      .finally(() => {
        setPending(false);
      });
  };
  return (
    <Form className={styles.form!} onSubmit={send}>
      <h1 className={styles.title}>{title}</h1>
      {text !== undefined && <p className={styles.text}>{text}</p>}
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {errorText(error)}
        </p>
      )}
      {children((field) => fieldErrors.find(({ path }) => path === field)?.message)}
      <Button type="submit" variant="primary" isWide isPending={isPending}>
        {action}
      </Button>
      {others !== undefined && <div className={styles.others}>{others}</div>}
    </Form>
  );
};

const text = (data: FormData, name: string): string => (data.get(name) as string | null) ?? '';

export interface SignInScreensProps {
  /** Why the login that there was is over. */
  ended?: ChatError;
}

/** Everything that comes before somebody is signed in. */
export const SignInScreens = ({ ended }: SignInScreensProps) => {
  const t = useText();
  const errorText = useErrorText();
  const invite = new URLSearchParams(location.search).get('invite') ?? '';
  const [screen, setScreen] = useState<Screen>(invite === '' ? 'sign-in' : 'register');
  const [challenge, setChallenge] = useState('');
  const [needsInvite, setNeedsInvite] = useState(invite !== '');
  const to = (next: Screen, words: string) => (
    <Button
      variant="quiet"
      onPress={() => {
        setScreen(next);
      }}
    >
      {words}
    </Button>
  );

  const screens: Record<Screen, () => ReactNode> = {
    'sign-in': () => (
      <FormScreen
        key="sign-in"
        title={t('signIn.title')}
        action={t('signIn.action')}
        onSubmit={async (data) => {
          try {
            const credentials = {
              identifier: text(data, 'identifier'),
              password: text(data, 'password'),
            };
            enter(await signIn('', credentials));
          } catch (error) {
            if (!(error instanceof ChatError) || error.challenge === undefined) throw error;
            setChallenge(error.challenge);
            setScreen('second-step');
          }
        }}
        others={
          <>
            {to('register', t('signIn.toRegister'))}
            {to('forgotten', t('signIn.toForgotten'))}
          </>
        }
      >
        {() => (
          <>
            <Field
              label={t('signIn.identifier')}
              name="identifier"
              autoComplete="username"
              isRequired
              autoFocus
            />
            <Field
              label={t('signIn.password')}
              name="password"
              type="password"
              autoComplete="current-password"
              isRequired
            />
          </>
        )}
      </FormScreen>
    ),
    'second-step': () => (
      <FormScreen
        key="second-step"
        title={t('secondStep.title')}
        text={t('secondStep.text')}
        action={t('signIn.action')}
        onSubmit={async (data) => {
          try {
            enter(await completeSignIn('', { challenge, code: text(data, 'code').trim() }));
          } catch (error) {
            // The challenge is too old: from the beginning.
            if (codeOf(error) === 'UNAUTHENTICATED') setScreen('sign-in');
            throw error;
          }
        }}
        others={to('sign-in', t('action.back'))}
      >
        {() => (
          <Field
            label={t('secondStep.code')}
            name="code"
            autoComplete="one-time-code"
            inputMode="numeric"
            isRequired
            autoFocus
          />
        )}
      </FormScreen>
    ),
    register: () => (
      <FormScreen
        key="register"
        title={t('register.title')}
        action={t('register.action')}
        onSubmit={async (data) => {
          const inviteCode = text(data, 'inviteCode').trim();
          const password = text(data, 'password');
          const account = {
            username: text(data, 'username'),
            email: text(data, 'email'),
            password,
          };
          try {
            await signUp('', { ...account, ...(inviteCode !== '' && { inviteCode }) });
          } catch (error) {
            if (codeOf(error)?.startsWith('INVITE_')) setNeedsInvite(true);
            throw error;
          }
          enter(await signIn('', { username: account.username, password }));
        }}
        others={to('sign-in', t('register.toSignIn'))}
      >
        {(errorOf) => (
          <>
            <Field
              label={t('register.username')}
              name="username"
              autoComplete="username"
              error={errorOf('username')}
              isRequired
              autoFocus
            />
            <Field
              label={t('register.email')}
              name="email"
              type="email"
              autoComplete="email"
              error={errorOf('email')}
              isRequired
            />
            <Field
              label={t('signIn.password')}
              name="password"
              type="password"
              autoComplete="new-password"
              hint={t('register.passwordHint')}
              error={errorOf('password')}
              minLength={6}
              isRequired
            />
            {needsInvite && (
              <Field
                label={t('register.invite')}
                name="inviteCode"
                defaultValue={invite}
                error={errorOf('inviteCode')}
              />
            )}
          </>
        )}
      </FormScreen>
    ),
    forgotten: () => (
      <FormScreen
        key="forgotten"
        title={t('forgotten.title')}
        text={t('forgotten.text')}
        action={t('forgotten.action')}
        onSubmit={async (data) => {
          await forgotPassword('', text(data, 'email'));
          setScreen('forgotten-sent');
        }}
        others={to('sign-in', t('action.back'))}
      >
        {() => (
          <Field
            label={t('register.email')}
            name="email"
            type="email"
            autoComplete="email"
            isRequired
            autoFocus
          />
        )}
      </FormScreen>
    ),
    'forgotten-sent': () => (
      <div className={styles.form} role="status">
        <h1 className={styles.title}>{t('forgotten.sentTitle')}</h1>
        <p className={styles.text}>{t('forgotten.sentText')}</p>
        {to('sign-in', t('action.back'))}
      </div>
    ),
  };

  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.brand}>
          <span className={styles.logo} aria-hidden />
          Parley
        </div>
        {ended && screen === 'sign-in' && (
          <p className={styles.notice} role="status">
            {errorText(ended)}
          </p>
        )}
        {screens[screen]()}
      </div>
    </main>
  );
};
