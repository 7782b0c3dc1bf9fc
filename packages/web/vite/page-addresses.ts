import type { Plugin } from 'vite';

/** In development, answers every address of a page with the page, as the server does after a build. */
export const pageAddresses = (): Plugin => ({
  name: 'parley-page-addresses',
  configureServer: ({ middlewares }) => {
    middlewares.use((req, _res, next) => {
      const [path = ''] = (req.url ?? '').split('?');
      const isPage =
        !/\.\w+$/.test(path) && !path.startsWith('/app/@') && !path.includes('node_modules');
      if (isPage && path.startsWith('/admin')) req.url = '/app/admin.html';
      else if (isPage && path.startsWith('/app')) req.url = '/app/app.html';
      next();
    });
  },
});
