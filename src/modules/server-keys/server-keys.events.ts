/** The domain events of server keys. */
export interface ServerKeyEvents {
  /** A key has been revoked: calls under it are refused from now on. */
  'server_key.revoked': { keyId: string };
}
