/**
 * Decides whether clients may be shown media from a foreign URL. Only https, on the usual port, without
 * credentials, and on a host that the setting allows; the server itself never fetches it.
 *
 * @param allowedHosts `*` for any host, `none`, or a comma list; a host also covers its subdomains.
 */
export const externalUrlPolicy = (allowedHosts: string): ((url: string) => boolean) => {
  const hosts = allowedHosts
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '' && host !== 'none');
  const isAllowedHost = (hostname: string): boolean =>
    hosts.some((host) => host === '*' || hostname === host || hostname.endsWith(`.${host}`));
  return (url) => {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    return (
      parsed?.protocol === 'https:' &&
      parsed.port === '' &&
      parsed.username === '' &&
      parsed.password === '' &&
      isAllowedHost(parsed.hostname)
    );
  };
};
