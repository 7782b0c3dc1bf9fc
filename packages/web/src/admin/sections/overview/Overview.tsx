import { useUnread } from '@parley-chat/react';
import { useText } from '../../../i18n/index.js';

/** What an admin looks at first. */
const Overview = () => {
  const t = useText();
  const { requests } = useUnread();
  return (
    <>
      <h1>{t('admin.overview')}</h1>
      <p>{requests}</p>
    </>
  );
};

export default Overview;
