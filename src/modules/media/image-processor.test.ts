import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { ImageProcessor } from './image-processor.js';

describe('image processor', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-images-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('refuses images when many are waiting, and works on the rest', async () => {
    const source = join(folder, 'source.png');
    const background = { r: 200, g: 0, b: 0 };
    await sharp({ create: { width: 8, height: 6, channels: 3, background } }).toFile(source);
    const processor = new ImageProcessor();
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) =>
        processor.process(source, 'png', join(folder, `${i}.png`), join(folder, `${i}.webp`)),
      ),
    );
    const refused = results.flatMap((result) => (result.status === 'rejected' ? result : []));
    expect(refused).toHaveLength(6);
    expect(refused[0]).toMatchObject({ reason: { code: 'OVERLOADED', retryAfter: 5 } });
    expect(results[0]).toMatchObject({ value: { width: 8, height: 6 } });
    const later = processor.process(source, 'png', join(folder, 'x.png'), join(folder, 'x.webp'));
    await expect(later).resolves.toMatchObject({ width: 8, height: 6 });
  });

  it('keeps every colour of a PNG', async () => {
    const [source, target] = [join(folder, 'colours.png'), join(folder, 'repacked.png')];
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
    await new ImageProcessor().process(source, 'png', target, join(folder, 'repacked.webp'));
    const repacked = await sharp(target).raw().toBuffer();
    expect(repacked.equals(pixels)).toBe(true);
  });
});
