/**
 * What is done with the content of uploads, which anybody may have made. It runs in a process of its own
 * ({@link MediaWorkers}), which is killed when a job does not end in time: neither sharp's reading of
 * headers nor music-metadata can be stopped in another way.
 */
import { fileTypeFromFile } from 'file-type';
import { playTimeOf } from './play-time.js';
import { repackImage } from './repack-image.js';
import type { ImagePaths, ProcessedImage } from './repack-image.js';

/** The jobs: what goes in, and what comes out. */
export interface MediaJobs {
  /** The MIME type that a file's first bytes say; undefined for one without such bytes. */
  detect: { input: { path: string }; output: string | undefined };
  /** Seconds that a recording plays; undefined where its headers do not say. */
  playTime: { input: { path: string }; output: number | undefined };
  /** Repacks an image and makes its thumbnail. */
  repack: { input: ImagePaths; output: ProcessedImage };
}

/** Does a job. @throws {AppError} as the job says. */
export const doMediaJob: {
  [Name in keyof MediaJobs]: (
    input: MediaJobs[Name]['input'],
  ) => Promise<MediaJobs[Name]['output']>;
} = {
  detect: async ({ path }) => (await fileTypeFromFile(path).catch(() => undefined))?.mime,
  playTime: ({ path }) => playTimeOf(path),
  repack: repackImage,
};
