/** What a link in a mail is for, as its `action` says. */
export type Action = 'verify' | 'change' | 'reset' | 'changed';

/** The words of the page in one language. */
export interface Texts {
  titles: Record<Action, string>;
  /** What the button does, said in a sentence. */
  explanations: Record<Action, string>;
  buttons: Record<Action, string>;
  password: string;
  /** What has been done. */
  done: Record<Exclude<Action, 'changed'>, string>;
  linkInvalid: string;
  emailTaken: string;
  passwordUnfit: string;
  failed: string;
}

/** By language; those in which the server writes mails. */
export const TEXTS: Record<string, Texts> = {
  en: {
    titles: {
      verify: 'Confirm your e-mail address',
      change: 'Confirm your new e-mail address',
      reset: 'Set a new password',
      changed: 'Undo the change of your e-mail address',
    },
    explanations: {
      verify: 'Confirm that this e-mail address is yours.',
      change: 'Your account will have this e-mail address from then on.',
      reset: 'You will be signed out everywhere.',
      changed: 'Your account gets its former address back, and you set a new password.',
    },
    buttons: { verify: 'Confirm', change: 'Confirm', reset: 'Set password', changed: 'Undo' },
    password: 'New password',
    done: {
      verify: 'Your e-mail address is confirmed. You can close this page.',
      change: 'Your e-mail address has been changed. You can close this page.',
      reset: 'Your password has been set. You can sign in with it now.',
    },
    linkInvalid: 'This link has expired or was used. Ask for a new one.',
    emailTaken: 'Another account has this e-mail address.',
    passwordUnfit: 'This password is too short or too long.',
    failed: 'This did not work. Try again in a moment.',
  },
  de: {
    titles: {
      verify: 'E-Mail-Adresse bestätigen',
      change: 'Neue E-Mail-Adresse bestätigen',
      reset: 'Neues Passwort setzen',
      changed: 'Änderung der E-Mail-Adresse rückgängig machen',
    },
    explanations: {
      verify: 'Bestätige, dass diese E-Mail-Adresse dir gehört.',
      change: 'Dein Konto hat dann diese E-Mail-Adresse.',
      reset: 'Du wirst überall abgemeldet.',
      changed: 'Dein Konto bekommt seine frühere Adresse zurück, und du setzt ein neues Passwort.',
    },
    buttons: {
      verify: 'Bestätigen',
      change: 'Bestätigen',
      reset: 'Passwort setzen',
      changed: 'Rückgängig machen',
    },
    password: 'Neues Passwort',
    done: {
      verify: 'Deine E-Mail-Adresse ist bestätigt. Du kannst diese Seite schließen.',
      change: 'Deine E-Mail-Adresse wurde geändert. Du kannst diese Seite schließen.',
      reset: 'Dein Passwort ist gesetzt. Du kannst dich jetzt damit anmelden.',
    },
    linkInvalid: 'Dieser Link ist abgelaufen oder wurde benutzt. Fordere einen neuen an.',
    emailTaken: 'Ein anderes Konto hat diese E-Mail-Adresse.',
    passwordUnfit: 'Dieses Passwort ist zu kurz oder zu lang.',
    failed: 'Das hat nicht geklappt. Versuche es gleich noch einmal.',
  },
  es: {
    titles: {
      verify: 'Confirma tu correo electrónico',
      change: 'Confirma tu nuevo correo electrónico',
      reset: 'Elige una nueva contraseña',
      changed: 'Deshacer el cambio de correo electrónico',
    },
    explanations: {
      verify: 'Confirma que esta dirección de correo es tuya.',
      change: 'Tu cuenta tendrá esta dirección de correo desde ese momento.',
      reset: 'Se cerrarán todas tus sesiones.',
      changed: 'Tu cuenta recupera su dirección anterior y eliges una nueva contraseña.',
    },
    buttons: {
      verify: 'Confirmar',
      change: 'Confirmar',
      reset: 'Guardar contraseña',
      changed: 'Deshacer',
    },
    password: 'Nueva contraseña',
    done: {
      verify: 'Tu dirección está confirmada. Puedes cerrar esta página.',
      change: 'Tu dirección ha cambiado. Puedes cerrar esta página.',
      reset: 'Tu contraseña está guardada. Ya puedes iniciar sesión con ella.',
    },
    linkInvalid: 'Este enlace ha caducado o ya se ha usado. Pide uno nuevo.',
    emailTaken: 'Otra cuenta tiene esta dirección de correo.',
    passwordUnfit: 'Esta contraseña es demasiado corta o demasiado larga.',
    failed: 'No ha funcionado. Inténtalo de nuevo en un momento.',
  },
  fr: {
    titles: {
      verify: 'Confirmez votre adresse e-mail',
      change: 'Confirmez votre nouvelle adresse e-mail',
      reset: 'Choisissez un nouveau mot de passe',
      changed: 'Annuler le changement d’adresse e-mail',
    },
    explanations: {
      verify: 'Confirmez que cette adresse e-mail est la vôtre.',
      change: 'Votre compte aura cette adresse e-mail à partir de ce moment.',
      reset: 'Vous serez déconnecté partout.',
      changed:
        'Votre compte retrouve son ancienne adresse et vous choisissez un nouveau mot de passe.',
    },
    buttons: {
      verify: 'Confirmer',
      change: 'Confirmer',
      reset: 'Enregistrer le mot de passe',
      changed: 'Annuler le changement',
    },
    password: 'Nouveau mot de passe',
    done: {
      verify: 'Votre adresse est confirmée. Vous pouvez fermer cette page.',
      change: 'Votre adresse a été modifiée. Vous pouvez fermer cette page.',
      reset: 'Votre mot de passe est enregistré. Vous pouvez vous connecter.',
    },
    linkInvalid: 'Ce lien a expiré ou a déjà été utilisé. Demandez-en un nouveau.',
    emailTaken: 'Un autre compte a cette adresse e-mail.',
    passwordUnfit: 'Ce mot de passe est trop court ou trop long.',
    failed: 'Cela n’a pas fonctionné. Réessayez dans un instant.',
  },
  ja: {
    titles: {
      verify: 'メールアドレスの確認',
      change: '新しいメールアドレスの確認',
      reset: '新しいパスワードの設定',
      changed: 'メールアドレスの変更を元に戻す',
    },
    explanations: {
      verify: 'このメールアドレスがご本人のものであることを確認します。',
      change: 'アカウントのメールアドレスがこのアドレスに変わります。',
      reset: 'すべての端末からログアウトします。',
      changed: '以前のメールアドレスに戻し、新しいパスワードを設定します。',
    },
    buttons: {
      verify: '確認する',
      change: '確認する',
      reset: 'パスワードを設定する',
      changed: '元に戻す',
    },
    password: '新しいパスワード',
    done: {
      verify: 'メールアドレスを確認しました。このページを閉じてかまいません。',
      change: 'メールアドレスを変更しました。このページを閉じてかまいません。',
      reset: 'パスワードを設定しました。新しいパスワードでログインできます。',
    },
    linkInvalid: 'このリンクは期限切れか、使用済みです。もう一度お申し込みください。',
    emailTaken: 'このメールアドレスは別のアカウントで使われています。',
    passwordUnfit: 'パスワードが短すぎるか、長すぎます。',
    failed: 'うまくいきませんでした。しばらくしてからもう一度お試しください。',
  },
  ar: {
    titles: {
      verify: 'تأكيد عنوان بريدك الإلكتروني',
      change: 'تأكيد عنوان بريدك الإلكتروني الجديد',
      reset: 'تعيين كلمة مرور جديدة',
      changed: 'التراجع عن تغيير عنوان بريدك الإلكتروني',
    },
    explanations: {
      verify: 'أكّد أن عنوان البريد الإلكتروني هذا لك.',
      change: 'سيصبح هذا عنوان البريد الإلكتروني لحسابك.',
      reset: 'سيتم تسجيل خروجك من جميع الأجهزة.',
      changed: 'يستعيد حسابك عنوانه السابق، ثم تعيّن كلمة مرور جديدة.',
    },
    buttons: {
      verify: 'تأكيد',
      change: 'تأكيد',
      reset: 'تعيين كلمة المرور',
      changed: 'تراجع',
    },
    password: 'كلمة المرور الجديدة',
    done: {
      verify: 'تم تأكيد عنوان بريدك الإلكتروني. يمكنك إغلاق هذه الصفحة.',
      change: 'تم تغيير عنوان بريدك الإلكتروني. يمكنك إغلاق هذه الصفحة.',
      reset: 'تم تعيين كلمة المرور. يمكنك تسجيل الدخول بها الآن.',
    },
    linkInvalid: 'انتهت صلاحية هذا الرابط أو سبق استخدامه. اطلب رابطًا جديدًا.',
    emailTaken: 'عنوان البريد الإلكتروني هذا لحساب آخر.',
    passwordUnfit: 'كلمة المرور قصيرة جدًا أو طويلة جدًا.',
    failed: 'لم ينجح ذلك. حاول مرة أخرى بعد قليل.',
  },
};
