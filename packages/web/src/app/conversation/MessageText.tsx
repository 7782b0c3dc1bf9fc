import type { ReactNode } from 'react';
import styles from './MessageText.module.css';
import { cx } from '../../kit/index.js';

/** Code between backticks, web addresses, and names of people. */
const PARTS =
  /```([\s\S]+?)```|`([^`\n]+)`|(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}])|(^|[^\p{L}\p{N}_@.])(@[\p{L}\p{N}_.-]+)/gu;
/** Nothing but a few emoji: they are shown large. */
const ONLY_EMOJI =
  /^(?:\p{Extended_Pictographic}(?:\u{FE0F}|\u{200D}\p{Extended_Pictographic}|[\u{1F3FB}-\u{1F3FF}])*\s*){1,3}$/u;

const partsOf = (text: string): ReactNode[] => {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(PARTS)) {
    const [whole, block, code, link, lead, mention] = match;
    parts.push(text.slice(end, match.index));
    end = match.index + whole.length;
    const key = match.index;
    if (block !== undefined) {
      parts.push(
        <pre key={key} className={styles.block} dir="ltr">
          <code>{block.replace(/^\n/, '')}</code>
        </pre>,
      );
    } else if (code !== undefined) {
      parts.push(
        <code key={key} className={styles.code}>
          {code}
        </code>,
      );
    } else if (link !== undefined) {
      parts.push(
        <a key={key} href={link} target="_blank" rel="noopener noreferrer nofollow">
          {link}
        </a>,
      );
    } else {
      parts.push(
        lead,
        <bdi key={key} className={styles.mention}>
          {mention}
        </bdi>,
      );
    }
  }
  return [...parts, text.slice(end)];
};

/** The text of a message: in its own direction, with what it links to, names and quotes as code. */
export const MessageText = ({ text }: { text: string }) => (
  <div dir="auto" className={cx(styles.text, ONLY_EMOJI.test(text) && styles.large)}>
    {partsOf(text)}
  </div>
);
