import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { gifOf, pngWithTexts, webpOf } from '../../../test/support/hostile-media.js';
import { gifSize } from './images.js';
import { ImageProcessor } from './inspection.js';
import { MediaWorkers } from './media-workers.js';

const MINUTE = 60_000;

describe('the image processor', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-images-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const workers = new MediaWorkers();
  const processor = new ImageProcessor(workers);
  const pathsOf = (source: string, format: string, name: string) => ({
    source,
    format,
    target: join(folder, `${name}.${format}`),
    thumbnail: join(folder, `${name}.thumb`),
  });
  const stored = async (name: string, content: Buffer) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };

  it(
    'refuses a user who has too many images waiting, and serves other users meanwhile',
    async () => {
      const source = join(folder, 'source.png');
      const background = { r: 200, g: 0, b: 0 };
      await sharp({ create: { width: 8, height: 6, channels: 3, background } }).toFile(source);
      const mine = Array.from({ length: 20 }, (_, i) =>
        processor.process('me', pathsOf(source, 'png', `mine-${i}`)),
      );
      const settled = Promise.allSettled(mine);
      const theirs = await processor.process('them', pathsOf(source, 'png', 'theirs'));
      expect(theirs).toMatchObject({ width: 8, height: 6 });
      const results = await settled;
      const refused = results.flatMap((result) => (result.status === 'rejected' ? result : []));
      expect(refused).toHaveLength(3);
      expect(refused[0]).toMatchObject({ reason: { code: 'OVERLOADED', retryAfter: 5 } });
      expect(results[0]).toMatchObject({ value: { width: 8, height: 6 } });
    },
    MINUTE,
  );

  it('keeps every colour of a PNG', async () => {
    const source = join(folder, 'colours.png');
    const paths = pathsOf(source, 'png', 'repacked');
    const raw = { width: 64, height: 64, channels: 4 as const };
    // 4,096 colours, some of them half transparent.
    const pixels = Buffer.from(
      Array.from({ length: 64 * 64 }, (_, i) => [
        (i % 64) * 4,
        (i >> 6) * 4,
        77,
        128 + (i % 128),
      ]).flat(),
    );
    await sharp(pixels, { raw }).png().toFile(source);
    await processor.process('me', paths);
    const repacked = await sharp(paths.target).raw().toBuffer();
    expect(repacked.equals(pixels)).toBe(true);
  });

  it('counts the frames of a GIF and measures how far they reach', async () => {
    const path = await stored('three.gif', gifOf(3));
    expect(await gifSize(path, 100)).toEqual({ frames: 3, width: 1, height: 1 });
    expect(await gifSize(path, 1)).toMatchObject({ frames: 2 });
    const beyond = await stored('beyond.gif', gifOf(3, { width: 4, height: 2, offset: 5 }));
    expect(await gifSize(beyond, 100)).toEqual({ frames: 3, width: 9, height: 2 });
    const cut = await stored('cut.gif', gifOf(3).subarray(0, 60));
    expect(await gifSize(cut, 100)).toMatchObject({ frames: 2 });
  });

  it('keeps an animation animated', async () => {
    const paths = pathsOf(await stored('moving.gif', gifOf(3)), 'gif', 'moved');
    await expect(processor.process('me', paths)).resolves.toMatchObject({ width: 1, height: 1 });
    expect(await gifSize(paths.target, 100)).toMatchObject({ width: 1, height: 1 });
  });

  it.each([
    ['a GIF of 100,000 frames', 'gif', gifOf(100_000), /frames/],
    ['a GIF with a frame far outside', 'gif', gifOf(2, { offset: 20_000 }), /side/],
    ['a GIF of too many pixels in all', 'gif', gifOf(200, { width: 900, height: 900 }), /pixels/],
    ['a WebP of 5,000 frames', 'webp', webpOf(5000), /frames/],
  ])('refuses %s before it is unpacked', async (what, format, content, message) => {
    const source = await stored(`hostile.${format}`, content);
    const began = performance.now();
    await expect(processor.process('me', pathsOf(source, format, 'never'))).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringMatching(message),
    });
    expect([what, performance.now() - began < 10_000]).toEqual([what, true]);
  });

  it('takes a PNG with thousands of chunks, or refuses it as damaged', async () => {
    const source = await stored('chunks.png', await pngWithTexts(20_000));
    const result = await processor
      .process('me', pathsOf(source, 'png', 'chunks-out'))
      .catch(({ code }: { code: string }) => code);
    expect([{ width: 2, height: 2 }, 'UNSUPPORTED_MEDIA_TYPE']).toContainEqual(
      typeof result === 'string' ? result : { width: result.width, height: result.height },
    );
  });

  it('refuses a file that is no image, whatever its name says', async () => {
    const source = await stored('no.png', Buffer.from('no image'));
    await expect(processor.process('me', pathsOf(source, 'png', 'no'))).rejects.toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
  });

  it('stops an image at its deadline and then processes the next one', async () => {
    const raw = { width: 2000, height: 2000, channels: 3 as const };
    const source = join(folder, 'slow.png');
    await sharp(randomBytes(3 * 2000 * 2000), { raw })
      .png({ compressionLevel: 0 })
      .toFile(source);
    const hurried = new ImageProcessor(workers, 100);
    const began = performance.now();
    await expect(hurried.process('me', pathsOf(source, 'png', 'slow-out'))).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: 'The image takes too long to unpack',
    });
    expect(performance.now() - began).toBeLessThan(5000);
    const small = await stored('small.gif', gifOf(1));
    await expect(
      processor.process('me', pathsOf(small, 'gif', 'small-out')),
    ).resolves.toBeDefined();
  });
});
