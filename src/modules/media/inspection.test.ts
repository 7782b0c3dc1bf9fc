import { monitorEventLoopDelay } from 'node:perf_hooks';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  mp3WithoutFrames,
  mp4Nested,
  mp4OfBoxes,
  oggOfPages,
  webmOfElements,
} from '../../../test/support/hostile-media.js';
import { mp3Of } from '../../../test/support/media-samples.js';
import { typeOf } from './files.js';
import { FileInspector } from './inspection.js';
import { MediaWorkers } from './media-workers.js';

const MINUTE = 60_000;
const SAID = { name: 'a', mimeType: '' };

describe('the file inspector', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-recordings-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const stored = async (content: Buffer) => {
    const path = join(folder, 'recording');
    await writeFile(path, content);
    return path;
  };

  const deadline = 2000;
  const inspector = new FileInspector(new MediaWorkers(), {
    detect: deadline,
    playTime: deadline,
    clean: deadline,
  });

  it(
    'finds the type and the length of a recording',
    async () => {
      const { content, seconds } = mp3Of(50);
      const path = await stored(content);
      const type = await inspector.type('me', path, SAID);
      expect(type).toMatchObject({ kind: 'audio', mimeType: 'audio/mpeg' });
      expect(await inspector.playTime('me', path, type)).toBeCloseTo(seconds, 1);
    },
    MINUTE,
  );

  it.each([
    ['an MP4 of two million boxes', 'video/mp4', mp4OfBoxes(2_000_000)],
    ['an MP4 of a hundred thousand boxes in each other', 'video/mp4', mp4Nested(100_000)],
    ['a WebM of ten million elements', 'video/webm', webmOfElements(10_000_000)],
    ['an MP3 of thirty megabytes without a frame', 'audio/mpeg', mp3WithoutFrames(30_000_000)],
    ['an Ogg of a million pages', 'audio/ogg', oggOfPages(1_000_000)],
  ])(
    'ends with %s in time and does not block the event loop',
    async (_what, mimeType, content) => {
      const path = await stored(content);
      const delay = monitorEventLoopDelay({ resolution: 10 });
      const began = performance.now();
      delay.enable();
      await inspector.type('me', path, SAID).catch(({ code }: { code: string }) => {
        expect(code).toBe('UNSUPPORTED_MEDIA_TYPE');
      });
      await inspector.playTime('me', path, typeOf({ mimeType, tracks: undefined }, SAID));
      delay.disable();
      // Two deadlines and two starts of a process, which take seconds when run from the sources.
      expect(performance.now() - began).toBeLessThan(2 * deadline + 25_000);
      expect(delay.max / 1e6).toBeLessThan(1500);
    },
    MINUTE,
  );

  it('refuses a file whose type is not found in time, and answers no length when that takes too long', async () => {
    const hurried = new FileInspector(new MediaWorkers(), { detect: 0, playTime: 0, clean: 0 });
    const said = { name: 'a.mp4', mimeType: 'video/mp4' };
    await expect(hurried.type('me', '/dev/zero', said)).rejects.toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
    expect(
      await hurried.playTime(
        'me',
        '/dev/zero',
        typeOf({ mimeType: 'video/mp4', tracks: undefined }, said),
      ),
    ).toBeUndefined();
  });
});
