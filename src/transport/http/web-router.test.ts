import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { createWebRouter, webPolicy } from './web-router.js';

const CONFIG = { mediaExternalHosts: '*', s3Endpoint: undefined };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-web-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'app.html'), '<p>client</p>');
  await writeFile(join(folder, 'admin.html'), '<p>console</p>');
  await writeFile(join(folder, 'assets/app-1.js'), 'plain()');
  await writeFile(join(folder, 'assets/app-1.js.br'), brotliCompressSync('compressed()'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const app = () => express().use(createWebRouter(CONFIG, folder));

describe('the router of the client and the console', () => {
  it('sends whoever opens the address of the server to the client', async () => {
    const { headers } = await request(app()).get('/').expect(302);
    expect(headers.location).toBe('/app');
  });

  it.each([
    ['/app', 'client'],
    ['/app/', 'client'],
    ['/app/chats/42', 'client'],
    ['/admin', 'console'],
    ['/admin/people/7', 'console'],
  ])('answers %s with the %s, asked for anew each time', async (address, page) => {
    const { text, headers } = await request(app()).get(address).expect(200);
    expect(text).toBe(`<p>${page}</p>`);
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers['content-security-policy']).toContain("script-src 'self';");
  });

  it('lets browsers keep files for ever, compressed where they take that', async () => {
    const plain = await request(app())
      .get('/app/assets/app-1.js')
      .set('Accept-Encoding', 'identity');
    expect(plain.text).toBe('plain()');
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const small = await request(app())
      .get('/app/assets/app-1.js')
      .set('Accept-Encoding', 'br')
      .buffer(false);
    expect(small.headers['content-encoding']).toBe('br');
    expect(small.headers['content-type']).toMatch(/javascript/);
    expect(small.headers.vary).toMatch(/Accept-Encoding/);
  });

  it('answers no page for a file that is not there', async () => {
    await request(app()).get('/app/assets/gone.js').expect(404);
    await request(app()).get('/app/assets/..%2f..%2fpackage.json').expect(404);
  });

  it('has nothing at these addresses before they are built', async () => {
    const empty = express().use(createWebRouter(CONFIG, join(folder, 'nothing')));
    await request(empty).get('/app').expect(404);
    await request(empty).get('/app/assets/app-1.js').expect(404);
  });

  it('lets pages load media from the hosts of the settings', () => {
    expect(webPolicy(CONFIG)).toContain('https: data:');
    const narrow = webPolicy({ mediaExternalHosts: 'a.example, b.example', s3Endpoint: undefined });
    expect(narrow).toContain('https://a.example https://b.example');
    const own = webPolicy({ mediaExternalHosts: 'none', s3Endpoint: 'http://minio:9000/x' });
    expect(own).toContain(
      "connect-src 'self' blob: https://*.imagekit.io https://*.cloudinary.com http://minio:9000;",
    );
    expect(own).not.toContain('https: ');
  });
});
