import { useParley, useSession } from '@parley-chat/react';
import { useState } from 'react';
import styles from './NewChatDialog.module.css';
import {
  Avatar,
  Button,
  Dialog,
  Field,
  List,
  ListRow,
  Select,
  Switch,
  toastError,
} from '../../kit/index.js';
import { LOCALES, preferences, usePreferences, useText } from '../../i18n/index.js';
import type { Locale } from '../../i18n/index.js';
import { useSignOut } from '../../session/index.js';

const THEMES = ['system', 'light', 'dark'] as const;
const BROWSER = 'browser';

/** Asks the browser for the right to tell of messages; answers whether it is there. */
const mayNotify = async (): Promise<boolean> =>
  'Notification' in window && (await Notification.requestPermission()) === 'granted';

/** The account, and how the client looks in this browser. */
const SettingsDialog = ({ onClose }: { onClose: () => void }) => {
  const t = useText();
  const client = useParley();
  const signOut = useSignOut();
  const { user } = useSession();
  const { theme, locale, enterSends, notifications } = usePreferences();
  const [firstName, setFirstName] = useState<string>();
  const [lastName, setLastName] = useState<string>();
  const [isRefused, setRefused] = useState(false);
  const [isPending, setPending] = useState(false);
  const isChanged = firstName !== undefined || lastName !== undefined;
  const save = () => {
    setPending(true);
    const names = {
      ...(firstName !== undefined && { firstName: firstName.trim() }),
      ...(lastName !== undefined && { lastName: lastName.trim() }),
    };
    client
      .rest('PUT', '/api/users/profile', names)
      .then(() => client.reloadUser())
      .then(() => {
        setFirstName(undefined);
        setLastName(undefined);
      })
      .catch(toastError)
      .finally(() => {
        setPending(false);
      });
  };
  const setNotifications = (isWanted: boolean) => {
    if (!isWanted) {
      preferences.change({ notifications: false });
      return;
    }
    void mayNotify().then((isAllowed) => {
      setRefused(!isAllowed);
      preferences.change({ notifications: isAllowed });
    });
  };
  return (
    <Dialog
      title={t('settings.title')}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button variant="quiet" onPress={signOut}>
            {t('action.signOut')}
          </Button>
          <Button variant="primary" isDisabled={!isChanged} isPending={isPending} onPress={save}>
            {t('action.save')}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        {user && (
          <List label={t('settings.account')}>
            <ListRow
              start={<Avatar name={user.name} src={user.avatar} seed={user.id} size={44} />}
              title={<bdi>{user.name}</bdi>}
              text={`@${user.username}`}
            />
          </List>
        )}
        <Field
          label={t('settings.firstName')}
          value={firstName ?? user?.firstName ?? ''}
          onChange={setFirstName}
          autoComplete="given-name"
        />
        <Field
          label={t('settings.lastName')}
          value={lastName ?? user?.lastName ?? ''}
          onChange={setLastName}
          autoComplete="family-name"
        />
        <Select
          label={t('settings.theme')}
          value={theme}
          onChange={(chosen) => {
            preferences.change({ theme: chosen });
          }}
          options={THEMES.map((id) => ({ id, text: t(`settings.theme.${id}`) }))}
        />
        <Select<Locale | typeof BROWSER>
          label={t('settings.language')}
          value={locale ?? BROWSER}
          onChange={(chosen) => {
            preferences.change({ locale: chosen === BROWSER ? undefined : chosen });
          }}
          options={[
            { id: BROWSER, text: t('settings.language.browser') },
            ...Object.entries(LOCALES).map(([id, text]) => ({ id: id as Locale, text })),
          ]}
        />
        <Switch
          isSelected={enterSends}
          onChange={(isOn) => {
            preferences.change({ enterSends: isOn });
          }}
          hint={t('settings.enterSendsHint')}
        >
          {t('settings.enterSends')}
        </Switch>
        <Switch
          isSelected={notifications}
          onChange={setNotifications}
          hint={isRefused ? t('settings.notificationsRefused') : t('settings.notificationsHint')}
        >
          {t('settings.notifications')}
        </Switch>
      </div>
    </Dialog>
  );
};

export default SettingsDialog;
