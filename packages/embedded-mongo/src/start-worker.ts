import { Worker } from 'node:worker_threads';

/** Runs a built worker of this folder, or its source through tsx when this file itself runs from source. */
export function startWorker(name: string, workerData: unknown): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
  }
  const source = new URL(`./${name}.ts`, import.meta.url).href;
  // A loader named in execArgv does not reach a worker's own entry file.
  const bootstrap = `
    import('tsx/esm/api').then(({ register }) => {
      register();
      return import(${JSON.stringify(source)});
    });`;
  return new Worker(bootstrap, { eval: true, workerData });
}
