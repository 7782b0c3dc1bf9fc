import type { Locale } from '../../shared/locale.js';
import { directionOf } from '../../shared/locale.js';

/**
 * The mails that are sent.
 *
 * - `verify`: confirm the address of a new account
 * - `reset`: set a new password
 * - `change`: confirm another address; goes to the new one
 * - `changed`: the address was changed; goes to the former one, with a way back
 * - `password`: the password was changed
 */
export type MailKind = 'verify' | 'reset' | 'change' | 'changed' | 'password';

/** What a mail says beside its text. */
export interface MailValues {
  /** The server, as people know it. */
  service: string;
  username: string;
  /** Where its button leads; absent: it has none. */
  link?: string;
}

/** The words of one kind of mail. `{service}` stands for the server; nothing else is filled in. */
interface Words {
  subject: string;
  body: string;
  /** The button. */
  action?: string;
  /** What ends the mail: how long the link works, and what to do if one has not asked for it. */
  note: string;
}

/** The words in one language. `{name}` stands for the username. */
type Texts = Record<MailKind, Words> & { greeting: string };

const TEXTS: Record<Locale, Texts> = {
  en: {
    greeting: 'Hello {name},',
    verify: {
      subject: 'Confirm your e-mail address for {service}',
      body: 'Please confirm that this e-mail address is yours.',
      action: 'Confirm address',
      note: 'The link works for 24 hours. If you have not made an account on {service}, ignore this mail.',
    },
    reset: {
      subject: 'Set a new password for {service}',
      body: 'Somebody has asked for a new password for your account.',
      action: 'Set a new password',
      note: 'The link works once, for one hour. If it was not you, ignore this mail: your password stays as it is.',
    },
    change: {
      subject: 'Confirm your new e-mail address for {service}',
      body: 'Please confirm that your account is to have this e-mail address.',
      action: 'Confirm new address',
      note: 'The link works for 24 hours. If it was not you, ignore this mail.',
    },
    changed: {
      subject: 'Your e-mail address on {service} was changed',
      body: 'Your account has another e-mail address now. If it was you, there is nothing to do.',
      action: 'Undo the change',
      note: 'If it was not you, undo the change and set a new password. The link works for 7 days.',
    },
    password: {
      subject: 'Your password on {service} was changed',
      body: 'The password of your account was changed. If it was you, there is nothing to do.',
      note: 'If it was not you, choose “Forgot password” on {service} at once.',
    },
  },
  de: {
    greeting: 'Hallo {name},',
    verify: {
      subject: 'Bestätige deine E-Mail-Adresse für {service}',
      body: 'Bitte bestätige, dass diese E-Mail-Adresse dir gehört.',
      action: 'Adresse bestätigen',
      note: 'Der Link gilt 24 Stunden. Wenn du kein Konto auf {service} angelegt hast, ignoriere diese E-Mail.',
    },
    reset: {
      subject: 'Neues Passwort für {service}',
      body: 'Jemand hat ein neues Passwort für dein Konto angefordert.',
      action: 'Neues Passwort setzen',
      note: 'Der Link gilt einmal, eine Stunde lang. Wenn du es nicht warst, ignoriere diese E-Mail: Dein Passwort bleibt, wie es ist.',
    },
    change: {
      subject: 'Bestätige deine neue E-Mail-Adresse für {service}',
      body: 'Bitte bestätige, dass dein Konto diese E-Mail-Adresse haben soll.',
      action: 'Neue Adresse bestätigen',
      note: 'Der Link gilt 24 Stunden. Wenn du es nicht warst, ignoriere diese E-Mail.',
    },
    changed: {
      subject: 'Deine E-Mail-Adresse auf {service} wurde geändert',
      body: 'Dein Konto hat jetzt eine andere E-Mail-Adresse. Wenn du es warst, ist nichts zu tun.',
      action: 'Änderung rückgängig machen',
      note: 'Wenn du es nicht warst, mache die Änderung rückgängig und setze ein neues Passwort. Der Link gilt 7 Tage.',
    },
    password: {
      subject: 'Dein Passwort auf {service} wurde geändert',
      body: 'Das Passwort deines Kontos wurde geändert. Wenn du es warst, ist nichts zu tun.',
      note: 'Wenn du es nicht warst, wähle auf {service} sofort „Passwort vergessen“.',
    },
  },
  es: {
    greeting: 'Hola, {name}:',
    verify: {
      subject: 'Confirma tu correo electrónico para {service}',
      body: 'Confirma que esta dirección de correo es tuya.',
      action: 'Confirmar dirección',
      note: 'El enlace funciona durante 24 horas. Si no has creado una cuenta en {service}, ignora este mensaje.',
    },
    reset: {
      subject: 'Nueva contraseña para {service}',
      body: 'Alguien ha pedido una nueva contraseña para tu cuenta.',
      action: 'Elegir una nueva contraseña',
      note: 'El enlace funciona una vez, durante una hora. Si no has sido tú, ignora este mensaje: tu contraseña no cambia.',
    },
    change: {
      subject: 'Confirma tu nuevo correo electrónico para {service}',
      body: 'Confirma que tu cuenta debe tener esta dirección de correo.',
      action: 'Confirmar nueva dirección',
      note: 'El enlace funciona durante 24 horas. Si no has sido tú, ignora este mensaje.',
    },
    changed: {
      subject: 'Tu correo electrónico en {service} ha cambiado',
      body: 'Tu cuenta tiene ahora otra dirección de correo. Si has sido tú, no tienes que hacer nada.',
      action: 'Deshacer el cambio',
      note: 'Si no has sido tú, deshaz el cambio y elige una nueva contraseña. El enlace funciona durante 7 días.',
    },
    password: {
      subject: 'Tu contraseña en {service} ha cambiado',
      body: 'La contraseña de tu cuenta ha cambiado. Si has sido tú, no tienes que hacer nada.',
      note: 'Si no has sido tú, elige enseguida «He olvidado mi contraseña» en {service}.',
    },
  },
  fr: {
    greeting: 'Bonjour {name},',
    verify: {
      subject: 'Confirmez votre adresse e-mail pour {service}',
      body: 'Merci de confirmer que cette adresse e-mail est la vôtre.',
      action: 'Confirmer l’adresse',
      note: 'Le lien est valable 24 heures. Si vous n’avez pas créé de compte sur {service}, ignorez ce message.',
    },
    reset: {
      subject: 'Nouveau mot de passe pour {service}',
      body: 'Quelqu’un a demandé un nouveau mot de passe pour votre compte.',
      action: 'Choisir un nouveau mot de passe',
      note: 'Le lien est valable une fois, pendant une heure. Si ce n’était pas vous, ignorez ce message : votre mot de passe ne change pas.',
    },
    change: {
      subject: 'Confirmez votre nouvelle adresse e-mail pour {service}',
      body: 'Merci de confirmer que votre compte doit avoir cette adresse e-mail.',
      action: 'Confirmer la nouvelle adresse',
      note: 'Le lien est valable 24 heures. Si ce n’était pas vous, ignorez ce message.',
    },
    changed: {
      subject: 'Votre adresse e-mail sur {service} a été modifiée',
      body: 'Votre compte a maintenant une autre adresse e-mail. Si c’était vous, il n’y a rien à faire.',
      action: 'Annuler la modification',
      note: 'Si ce n’était pas vous, annulez la modification et choisissez un nouveau mot de passe. Le lien est valable 7 jours.',
    },
    password: {
      subject: 'Votre mot de passe sur {service} a été modifié',
      body: 'Le mot de passe de votre compte a été modifié. Si c’était vous, il n’y a rien à faire.',
      note: 'Si ce n’était pas vous, choisissez tout de suite « Mot de passe oublié » sur {service}.',
    },
  },
  ja: {
    greeting: '{name} 様',
    verify: {
      subject: '{service} のメールアドレスの確認',
      body: 'このメールアドレスがご本人のものであることを確認してください。',
      action: 'アドレスを確認する',
      note: 'このリンクは24時間有効です。{service} でアカウントを作成していない場合は、このメールを無視してください。',
    },
    reset: {
      subject: '{service} の新しいパスワードの設定',
      body: 'お使いのアカウントの新しいパスワードの設定が求められました。',
      action: '新しいパスワードを設定する',
      note: 'このリンクは1時間以内に1回だけ使えます。お心当たりがない場合は、このメールを無視してください。パスワードは変わりません。',
    },
    change: {
      subject: '{service} の新しいメールアドレスの確認',
      body: 'アカウントのメールアドレスをこのアドレスに変更することを確認してください。',
      action: '新しいアドレスを確認する',
      note: 'このリンクは24時間有効です。お心当たりがない場合は、このメールを無視してください。',
    },
    changed: {
      subject: '{service} のメールアドレスが変更されました',
      body: 'アカウントのメールアドレスが変更されました。ご本人による変更であれば、何もする必要はありません。',
      action: '変更を元に戻す',
      note: 'お心当たりがない場合は、変更を元に戻し、新しいパスワードを設定してください。このリンクは7日間有効です。',
    },
    password: {
      subject: '{service} のパスワードが変更されました',
      body: 'アカウントのパスワードが変更されました。ご本人による変更であれば、何もする必要はありません。',
      note: 'お心当たりがない場合は、すぐに {service} で「パスワードを忘れた場合」を選んでください。',
    },
  },
  ar: {
    greeting: 'مرحبًا {name}،',
    verify: {
      subject: 'تأكيد عنوان بريدك الإلكتروني في {service}',
      body: 'يُرجى تأكيد أن عنوان البريد الإلكتروني هذا لك.',
      action: 'تأكيد العنوان',
      note: 'يعمل الرابط لمدة 24 ساعة. إذا لم تنشئ حسابًا في {service}، فتجاهل هذه الرسالة.',
    },
    reset: {
      subject: 'تعيين كلمة مرور جديدة في {service}',
      body: 'طلب شخص ما كلمة مرور جديدة لحسابك.',
      action: 'تعيين كلمة مرور جديدة',
      note: 'يعمل الرابط مرة واحدة خلال ساعة. إذا لم تطلب ذلك، فتجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.',
    },
    change: {
      subject: 'تأكيد عنوان بريدك الإلكتروني الجديد في {service}',
      body: 'يُرجى تأكيد أن يكون عنوان البريد الإلكتروني هذا لحسابك.',
      action: 'تأكيد العنوان الجديد',
      note: 'يعمل الرابط لمدة 24 ساعة. إذا لم تطلب ذلك، فتجاهل هذه الرسالة.',
    },
    changed: {
      subject: 'تم تغيير عنوان بريدك الإلكتروني في {service}',
      body: 'أصبح لحسابك عنوان بريد إلكتروني آخر. إذا كنت أنت من غيّره، فلا داعي لفعل شيء.',
      action: 'التراجع عن التغيير',
      note: 'إذا لم تكن أنت، فتراجع عن التغيير وعيّن كلمة مرور جديدة. يعمل الرابط لمدة 7 أيام.',
    },
    password: {
      subject: 'تم تغيير كلمة مرورك في {service}',
      body: 'تم تغيير كلمة مرور حسابك. إذا كنت أنت من غيّرها، فلا داعي لفعل شيء.',
      note: 'إذا لم تكن أنت، فاختر «نسيت كلمة المرور» في {service} فورًا.',
    },
  },
};

const HTML: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => HTML[sign]!);

const filled = (text: string, { service, username }: MailValues): string =>
  text.replaceAll('{service}', () => service).replaceAll('{name}', () => username);

/** The subject and both forms of a mail's text, in a language. */
export const writeMail = (
  kind: MailKind,
  locale: Locale,
  values: MailValues,
): { subject: string; text: string; html: string; locale: Locale } => {
  const texts = TEXTS[locale];
  const { subject, body, action, note } = texts[kind];
  const { link } = values;
  const [greeting, says, ends] = [texts.greeting, body, note].map((text) => filled(text, values));
  const button =
    link === undefined || action === undefined
      ? undefined
      : {
          text: `${action}:\n${link}`,
          html: `<p><a href="${escaped(link)}">${escaped(action)}</a></p>`,
        };
  const paragraph = (text: string) => `<p>${escaped(text)}</p>`;
  return {
    locale,
    subject: filled(subject, values),
    text: `${[greeting, says, button?.text, ends].filter(Boolean).join('\n\n')}\n`,
    html: [
      '<!doctype html>',
      `<html lang="${locale}" dir="${directionOf(locale)}">`,
      `<head><meta charset="utf-8"><title>${escaped(filled(subject, values))}</title></head>`,
      `<body>${paragraph(greeting!)}${paragraph(says!)}${button?.html ?? ''}${paragraph(ends!)}</body>`,
      '</html>',
      '',
    ].join('\n'),
  };
};
