import { useState } from 'react';
import styles from './Avatar.module.css';
import { cx } from './cx.js';

export interface AvatarProps {
  /** Whose it is; its first letters stand where there is no picture. */
  name: string;
  /** Address of the picture. */
  src?: string | null | undefined;
  /** Decides the colour behind letters: the id of whose it is. */
  seed: string;
  /** Pixels: 20, 28, 36, 44 or 88. */
  size?: 20 | 28 | 36 | 44 | 88;
  /** A dot says that they are there; the text beside it must too. */
  status?: 'online' | 'away' | 'busy' | 'offline' | undefined;
}

const COLOURS = 6;

const colourOf = (seed: string): number => {
  let sum = 0;
  for (const sign of seed) sum = (sum * 31 + sign.codePointAt(0)!) % 9973;
  return sum % COLOURS;
};

const segmenter = new Intl.Segmenter();

/** First letters of the first and the last word: whole graphemes, of any script. */
export const initialsOf = (name: string): string => {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const chosen = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
  return chosen
    .map((word) => [...segmenter.segment(word)][0]?.segment ?? '')
    .join('')
    .toLocaleUpperCase();
};

/** The picture of somebody or of a chat. It is told to nobody: the name stands beside it. */
export const Avatar = ({ name, src, seed, size = 36, status }: AvatarProps) => {
  const [failed, setFailed] = useState<string>();
  const isShown = src != null && src !== '' && src !== failed;
  return (
    <span className={cx(styles.avatar, styles[`size${size}`])} aria-hidden>
      {isShown ? (
        <img
          src={src}
          alt=""
          loading="lazy"
          width={size}
          height={size}
          onError={() => {
            setFailed(src);
          }}
        />
      ) : (
        <span className={cx(styles.letters, styles[`colour${colourOf(seed)}`])}>
          {initialsOf(name)}
        </span>
      )}
      {status !== undefined && status !== 'offline' && (
        <span className={cx(styles.dot, styles[status])} />
      )}
    </span>
  );
};
