import type { UsersRepository } from './users.repository.js';

/** An external id, and whose it is: the name of an issuer, or empty for that of server keys. */
export interface ExternalUserId {
  issuer: string;
  externalId: string;
}

/** Says whose an external id is, and which accounts have which. */
export class ExternalUserIds {
  /**
   * Whose the ids are that server keys give: those of the only issuer, so that its tokens are of the same accounts;
   * of nobody where there are none or several.
   */
  readonly namespace: string;

  /** @param issuers names of the configured issuers. */
  constructor(
    private readonly users: Pick<UsersRepository, 'idsByExternalIds'>,
    private readonly issuers: readonly string[],
  ) {
    this.namespace = issuers.length === 1 ? issuers[0]! : '';
  }

  /**
   * The users' ids by the texts that clients write behind `ext:`; texts of nobody are left out. With several issuers
   * a text may begin with the name of one and a colon, or with a colon alone for an id of server keys.
   */
  async idsOf(texts: string[]): Promise<Map<string, string>> {
    const wanted = texts.map((text) => this.parse(text));
    const found = await this.users.idsByExternalIds(wanted);
    const ids = new Map(found.map(({ _id, ...of }) => [keyOf(of), _id.toHexString()]));
    return new Map(
      texts.flatMap((text, i) => {
        const id = ids.get(keyOf(wanted[i]!));
        return id === undefined ? [] : [[text, id] as const];
      }),
    );
  }

  private parse(text: string): ExternalUserId {
    const end = text.indexOf(':');
    const issuer = text.slice(0, end);
    const isNamed =
      this.issuers.length > 1 && end >= 0 && (issuer === '' || this.issuers.includes(issuer));
    return isNamed
      ? { issuer, externalId: text.slice(end + 1) }
      : { issuer: this.namespace, externalId: text };
  }
}

const keyOf = ({ issuer, externalId }: ExternalUserId): string => `${issuer}:${externalId}`;
