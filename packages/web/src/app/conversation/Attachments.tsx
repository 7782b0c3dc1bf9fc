import type { MediaItem } from '@parley-chat/client';
import { FileDown } from 'lucide-react';
import styles from './Attachments.module.css';
import { useText } from '../../i18n/index.js';

/** Height that a picture or film has at most, in pixels. */
const MAX_HEIGHT = 320;

const File = ({ item }: { item: MediaItem }) => {
  const t = useText();
  const { url, filename, type, width, height, thumbnailUrl } = item;
  const name = filename ?? t('media.kind', { kind: type ?? 'file' });
  // Room is kept for it before it is there.
  const ratio = width && height ? { aspectRatio: `${width} / ${height}` } : {};
  if (type === 'image') {
    return (
      <a href={url} target="_blank" rel="noopener noreferrer">
        <img
          className={styles.picture}
          src={thumbnailUrl ?? url}
          alt={name}
          loading="lazy"
          style={{ maxBlockSize: MAX_HEIGHT, ...ratio }}
        />
      </a>
    );
  }
  if (type === 'video') {
    return (
      <video
        className={styles.picture}
        src={url}
        aria-label={name}
        controls
        preload="metadata"
        style={{ maxBlockSize: MAX_HEIGHT, ...ratio }}
      />
    );
  }
  if (type === 'audio') {
    return <audio className={styles.sound} src={url} aria-label={name} controls preload="none" />;
  }
  return (
    <a className={styles.file} href={url} target="_blank" rel="noopener noreferrer" download={name}>
      <FileDown aria-hidden />
      <bdi>{name}</bdi>
    </a>
  );
};

/** The files of a message: pictures, films and sound as they are, others to be fetched. */
export const Attachments = ({ media }: { media: readonly MediaItem[] }) =>
  media.length > 0 && (
    <div className={styles.files}>
      {media.map((item) => (
        <File key={item.fileId ?? item.url} item={item} />
      ))}
    </div>
  );
