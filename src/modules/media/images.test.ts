import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { apngOf, pngChunk } from '../../../test/support/animated-png.js';
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
  const processor = new ImageProcessor(workers, { maxPixels: 100_000_000 });
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
    ['a GIF with a frame far outside', 'gif', gifOf(2, { offset: 65_535 }), /side/],
    ['a GIF of too many pixels in all', 'gif', gifOf(200, { width: 900, height: 900 }), /pixels/],
    ['a WebP of 5,000 frames', 'webp', webpOf(5000), /frames/],
  ])('refuses %s before it is unpacked', async (what, format, content, message) => {
    const source = await stored(`hostile.${format}`, content);
    const began = performance.now();
    await expect(processor.process('me', pathsOf(source, format, 'never'))).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringMatching(message),
      details: {
        reason: /frames/.test(message.source) ? 'frames' : 'pixels',
        limit: expect.any(Number),
      },
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
      details: { reason: 'damage' },
    });
  });

  const WIDTH = 240;
  const HEIGHT = 160;
  /** A picture without plain areas, as photos are. */
  const photo = () => {
    const pixels = Buffer.from(
      Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 7 + (i >> 8) * 13) % 251),
    );
    return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
  };
  const withoutEnd = (content: Buffer, share: number) =>
    content.subarray(0, Math.floor(content.length * (1 - share)));

  it.each([
    ['jpeg', () => photo().jpeg().toBuffer()],
    ['jpeg', () => photo().jpeg({ progressive: true }).toBuffer()],
    ['png', () => photo().png().toBuffer()],
    ['gif', () => photo().gif().toBuffer()],
    ['webp', () => photo().webp().toBuffer()],
  ])(
    'takes a %s that is a few bytes short, and refuses most of one missing',
    async (format, make) => {
      const content = await make();
      for (const short of [
        content.subarray(0, -1),
        content.subarray(0, -20),
        withoutEnd(content, 0.05),
        withoutEnd(content, 0.2),
      ]) {
        const source = await stored('short', Buffer.from(short));
        const paths = pathsOf(source, format, 'short-out');
        expect(await processor.process('me', paths)).toMatchObject({
          width: WIDTH,
          height: HEIGHT,
        });
        expect((await sharp(paths.target).metadata()).format).toBe(format);
        expect((await sharp(paths.thumbnail).metadata()).width).toBe(WIDTH);
      }
      const source = await stored('stub', content.subarray(0, 60));
      await expect(processor.process('me', pathsOf(source, format, 'stub'))).rejects.toMatchObject({
        code: 'UNSUPPORTED_MEDIA_TYPE',
        details: { reason: 'damage' },
      });
    },
  );

  it('refuses a photo of which only the beginning is there', async () => {
    const source = await stored('tenth.jpg', withoutEnd(await photo().jpeg().toBuffer(), 0.9));
    await expect(processor.process('me', pathsOf(source, 'jpeg', 'tenth'))).rejects.toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      details: { reason: 'damage' },
    });
  });

  it.each([
    ['jpeg', 5000, 3000, 1, { width: 4096, height: 2458 }],
    ['jpeg', 3000, 5000, 6, { width: 4096, height: 2458 }],
    ['png', 4097, 16, 1, { width: 4096, height: 16 }],
    ['webp', 8192, 64, 1, { width: 4096, height: 32 }],
    ['gif', 4200, 21, 1, { width: 4096, height: 20 }],
    ['jpeg', 400, 20_000, 1, { width: 400, height: 20_000 }],
    ['png', 20_000, 20, 1, { width: 4096, height: 4 }],
  ] as const)(
    'stores a %s of %i × %i pixels, held as %i, at most 4,096 pixels wide',
    async (format, width, height, orientation, stored) => {
      const source = join(folder, `wide.${format}`);
      await sharp({ create: { width, height, channels: 3, background: 'teal' } })
        .toFormat(format)
        .withMetadata({ orientation })
        .toFile(source);
      const paths = pathsOf(source, format, 'wide-out');
      const taken = await processor.process('me', paths);
      expect(taken).toMatchObject(stored);
      const { width: w, height: h, exif } = await sharp(paths.target).metadata();
      expect({ width: w, height: h, exif }).toEqual({ ...stored, exif: undefined });
    },
  );

  it('refuses more pixels than the setting allows, and names it', async () => {
    const source = join(folder, 'many.png');
    await sharp({ create: { width: 101, height: 100, channels: 3, background: 'teal' } }).toFile(
      source,
    );
    const strict = new ImageProcessor(workers, { maxPixels: 10_000 });
    await expect(strict.process('me', pathsOf(source, 'png', 'many'))).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringMatching(/10000 \(MAX_IMAGE_PIXELS\)/),
      details: { reason: 'pixels', limit: 10_000 },
    });
  });

  it.each(['gif', 'webp'] as const)('keeps a %s animated that it makes smaller', async (format) => {
    const frames = Buffer.concat([10, 120, 230].map((value) => Buffer.alloc(5000 * 20 * 3, value)));
    const raw = { width: 5000, height: 60, channels: 3 as const, pageHeight: 20 };
    const source = join(folder, `wide-moving.${format}`);
    await sharp(frames, { raw })
      .toFormat(format, { delay: [100, 200, 300] })
      .toFile(source);
    const paths = pathsOf(source, format, 'smaller');
    expect(await processor.process('me', paths)).toMatchObject({ width: 4096, height: 16 });
    expect(await sharp(paths.target, { animated: true }).metadata()).toMatchObject({
      pages: 3,
      delay: [100, 200, 300],
    });
  });

  describe('of an animated PNG', () => {
    const processed = async (content: Buffer) => {
      const paths = pathsOf(await stored('dance.png', content), 'png', 'danced');
      const result = await processor.process('me', paths);
      return { ...result, content: await readFile(paths.target) };
    };
    const framesOf = (content: Buffer) =>
      content.includes('acTL') ? content.readUInt32BE(content.indexOf('acTL') + 4) : 1;

    it('keeps the frames and nothing else that the file says', async () => {
      const { chunks, whole } = apngOf(3, [
        pngChunk('tEXt', Buffer.from('Comment\0made at home')),
        pngChunk('eXIf', Buffer.from('48.8577 2.295')),
      ]);
      const { content, width, height, size } = await processed(
        Buffer.concat([whole, Buffer.from('and more')]),
      );
      expect({ width, height, size }).toEqual({ width: 16, height: 16, size: content.length });
      expect(content.equals(Buffer.concat(chunks))).toBe(true);
      expect(await sharp(content).metadata()).toMatchObject({ width: 16, height: 16 });
    });

    it('keeps the whole frames where the end is missing', async () => {
      const { whole } = apngOf(4);
      expect(framesOf((await processed(whole)).content)).toBe(4);
      for (const [cut, frames] of [
        [4, 4],
        [12, 4],
        [13, 3],
        [20, 3],
        [110, 2],
      ] as const) {
        const { content } = await processed(whole.subarray(0, -cut));
        expect([cut, framesOf(content), content.subarray(-8, -4).toString()]).toEqual([
          cut,
          frames,
          'IEND',
        ]);
      }
    });

    it('is told of too many frames and too wide ones', async () => {
      await expect(processed(apngOf(2001).whole)).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
        details: { reason: 'frames', limit: 2000 },
      });
      await expect(processed(apngOf(2, [], 4100).whole)).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
        details: { reason: 'pixels', limit: 4096 },
      });
    });

    /** The header of a picture of 900 million pixels. */
    const vast = pngChunk('IHDR', Buffer.from('00007530000075300802000000', 'hex'));
    const [signature, header, ...frames] = apngOf(3).chunks as [Buffer, Buffer, ...Buffer[]];
    /** A chunk in whose content a size of 16 by 16 stands where that of a header would. */
    const small = (name: string) => pngChunk(name, header.subarray(8, 21));

    it.each([
      ['another chunk before its header', [small('CgBI'), vast]],
      ['a text before its header', [small('tEXt'), vast]],
      ['its own header behind another chunk', [small('CgBI'), header]],
      ['a second header', [header, vast]],
      ['a vast header before its own', [vast, header]],
      ['a header that is too long', [pngChunk('IHDR', Buffer.alloc(14, 1)), header]],
      ['a header that is too short', [pngChunk('IHDR', Buffer.alloc(8, 1)), header]],
      ['no header', []],
    ])('does not keep a file with %s as it is', async (_what, heads) => {
      const taken = await processed(Buffer.concat([signature, ...heads, ...frames])).catch(
        ({ code }: { code: string }) => code,
      );
      if (typeof taken === 'string') {
        expect(['UNSUPPORTED_MEDIA_TYPE', 'PAYLOAD_TOO_LARGE']).toContain(taken);
      } else {
        expect([taken.width, taken.height, framesOf(taken.content)]).toEqual([16, 16, 1]);
        expect(taken.content.includes(vast)).toBe(false);
      }
    });

    it('of one frame, or without its first one, makes a still', async () => {
      const { content } = await processed(apngOf(1).whole);
      expect(content.includes('acTL')).toBe(false);
    });
  });

  it('stops an image at its deadline and then processes the next one', async () => {
    const raw = { width: 2000, height: 2000, channels: 3 as const };
    const source = join(folder, 'slow.png');
    await sharp(randomBytes(3 * 2000 * 2000), { raw })
      .png({ compressionLevel: 0 })
      .toFile(source);
    const hurried = new ImageProcessor(workers, { maxPixels: 100_000_000, deadlineMs: 100 });
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
