import type { Transporter } from 'nodemailer';
import { withDeadline } from '../shared/deadline.js';
import type { Locale } from '../shared/locale.js';

/** A mail to one person. */
export interface Letter {
  /** The same over all attempts to send it, so that a mail program shows a mail that came twice once. */
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  locale: Locale;
}

/** Sends mails. */
export interface Mailer {
  /**
   * Hands a mail to the SMTP server; resolves when the server has taken it.
   *
   * @throws {MailRefused} when the server will never take it; anything else when another attempt may succeed.
   */
  send(letter: Letter): Promise<void>;
}

/** The server has refused a mail for good, such as one to an address that does not exist. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

/** How long the server may take to accept a connection, and then to answer a command, in milliseconds. */
const CONNECT_MS = 10_000;
const ANSWER_MS = 15_000;
/** How long one mail may take in all, in milliseconds: a server may answer each command in time, and never end. */
const SEND_MS = 30_000;

/** Answers of SMTP to the recipient or the text that are final: 550 to 559. */
const isFinal = (error: unknown): boolean => {
  const { code, responseCode = 0 } = error as { code?: string; responseCode?: number };
  const isAboutMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  return isAboutMail && responseCode >= 550 && responseCode < 560;
};

/**
 * Makes the mailer of an SMTP server. Each mail has a connection of its own: mails are few, and a connection that
 * is kept is one more thing that may be dead.
 *
 * @param smtpUrl `smtp://user:password@host:port`, or `smtps://` for TLS from the start.
 * @param from the sender: an address, or a name and an address.
 */
export const createMailer = (smtpUrl: string, from: string): Mailer => {
  // Loaded with the first mail.
  let transport: Transporter | undefined;
  const connect = async (): Promise<Transporter> => {
    const { createTransport } = await import('nodemailer');
    return createTransport({
      url: smtpUrl,
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: ANSWER_MS,
      // No part of a mail is ever read from a file or an address.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  };
  const domain = from.replace(/^.*@|>.*$/g, '');
  return {
    send: async ({ id, to, subject, text, html, locale }) => {
      transport ??= await connect();
      const sent = transport.sendMail({
        from,
        // As an object, so that nothing in the address is read as a list or a name.
        to: { name: '', address: to },
        subject,
        text,
        html,
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': locale },
      });
      await withDeadline(sent, SEND_MS).catch((error: unknown) => {
        throw isFinal(error) ? new MailRefused('refused', { cause: error }) : error;
      });
    },
  };
};
