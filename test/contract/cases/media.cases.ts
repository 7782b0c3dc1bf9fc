import type { ContractCases, ContractWorld } from '../contract-case.js';

const PDF = '%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADklEQVQImWP4DwYMEAoAU7oL9W/sIDEAAAAASUVORK5CYII=',
  'base64',
);

const formOf = (
  field: string,
  content: string | Buffer<ArrayBuffer>,
  fields: Record<string, string> = {},
): FormData => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set(field, new Blob([content]), 'a');
  return form;
};

const chatUpload =
  (path: string, field: string) =>
  async ({ client, alice, stranger, chatId }: ContractWorld): Promise<void> => {
    const send = (token: string | undefined, content: string | Buffer<ArrayBuffer>) =>
      client.call('post', path, {
        form: formOf(field, content, { chatId }),
        ...(token !== undefined && { token }),
      });
    await send(alice.token, PDF);
    await send(alice.token, PNG);
    await send(alice.token, 'neither');
    await send(stranger.token, PDF);
    await send(undefined, PDF);
  };

/** Uploads and files. */
export const mediaCases: ContractCases = {
  'post /api/media/upload-chat-media': chatUpload('/api/media/upload-chat-media', 'file'),
  'post /api/media/bulk-upload': chatUpload('/api/media/bulk-upload', 'files'),
  'post /api/files/upload': chatUpload('/api/files/upload', 'file'),
  'post /api/media/direct-upload': async ({ client, alice, chatId }) => {
    const { body } = await client.call('get', '/api/media/get-upload-token', {
      token: alice.token,
      query: { chatId },
    });
    const { uploadUrl } = body.data as { uploadUrl: string };
    const query = Object.fromEntries(new URLSearchParams(uploadUrl.split('?')[1]));
    const send = (changes: Record<string, string> = {}) =>
      client.call('post', '/api/media/direct-upload', {
        query: { ...query, ...changes },
        form: formOf('file', PDF),
      });
    await send({ signature: 'forged' });
    await send();
    await send();
  },
  'post /api/users/avatar': async ({ client, newUser }) => {
    const { token } = await newUser();
    await client.call('post', '/api/users/avatar', { token, form: formOf('avatar', PNG) });
    await client.call('post', '/api/users/avatar', { token, form: formOf('avatar', PDF) });
  },
};
