import { join } from 'node:path';
import type { Config } from '../../config/index.js';
import { CloudinaryDriver } from './cloudinary.driver.js';
import { ImageKitDriver } from './imagekit.driver.js';
import { LocalDriver } from './local.driver.js';
import { S3Driver } from './s3.driver.js';
import type { StorageDriver } from './storage-driver.js';

type Factory = (config: Config) => StorageDriver | undefined;

const imagekit: Factory = (config) => {
  const { imagekitPublicKey, imagekitPrivateKey, imagekitUrl, imagekitApiUrl } = config;
  if (!imagekitPublicKey || !imagekitPrivateKey || !imagekitUrl) return undefined;
  return new ImageKitDriver({
    publicKey: imagekitPublicKey,
    privateKey: imagekitPrivateKey,
    urlEndpoint: imagekitUrl,
    apiUrl: imagekitApiUrl,
  });
};

const cloudinary: Factory = (config) => {
  const { cloudinaryCloudName, cloudinaryApiKey, cloudinaryApiSecret, cloudinaryApiUrl } = config;
  if (!cloudinaryCloudName || !cloudinaryApiKey || !cloudinaryApiSecret) return undefined;
  return new CloudinaryDriver({
    cloudName: cloudinaryCloudName,
    apiKey: cloudinaryApiKey,
    apiSecret: cloudinaryApiSecret,
    apiUrl: cloudinaryApiUrl,
  });
};

const s3: Factory = (config) =>
  config.s3Bucket === undefined
    ? undefined
    : new S3Driver({
        bucket: config.s3Bucket,
        region: config.s3Region,
        endpoint: config.s3Endpoint,
        accessKeyId: config.s3AccessKeyId,
        secretAccessKey: config.s3SecretAccessKey,
        forcePathStyle: config.s3ForcePathStyle,
      });

const local = (config: Config): StorageDriver => new LocalDriver(mediaDirectory(config));

const FACTORIES = { imagekit, cloudinary, s3, local };

/** Directory of local uploads; temporary files of all drivers lie in `tmp` below it. */
export const mediaDirectory = (config: Pick<Config, 'dataDir'>): string =>
  join(config.dataDir, 'media');

/**
 * The store that the settings ask for: the one named, or the first that is configured.
 *
 * @throws when the named store lacks a setting.
 */
export const createStorage = (config: Config): StorageDriver => {
  const { mediaDriver } = config;
  if (mediaDriver === undefined) {
    return imagekit(config) ?? cloudinary(config) ?? s3(config) ?? local(config);
  }
  const driver = FACTORIES[mediaDriver](config);
  if (!driver) {
    const prefix = mediaDriver.toUpperCase();
    throw new Error(`MEDIA_DRIVER=${mediaDriver} needs the ${prefix}_* settings`);
  }
  return driver;
};
