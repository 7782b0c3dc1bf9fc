import { join } from 'node:path';
import type { Config } from '../../config/index.js';
import { LocalDriver } from './local.driver.js';
import type { StorageDriver } from './storage-driver.js';

/**
 * Makes the driver of a store whose settings are there. Only then its SDK is loaded: each would cost every start
 * time and memory.
 */
type Factory = (config: Config) => Promise<StorageDriver | undefined>;

const imagekit: Factory = async (config) => {
  const { imagekitPublicKey, imagekitPrivateKey, imagekitUrl, imagekitApiUrl } = config;
  if (!imagekitPublicKey || !imagekitPrivateKey || !imagekitUrl) return undefined;
  const { ImageKitDriver } = await import('./imagekit.driver.js');
  return new ImageKitDriver({
    publicKey: imagekitPublicKey,
    privateKey: imagekitPrivateKey,
    urlEndpoint: imagekitUrl,
    apiUrl: imagekitApiUrl,
  });
};

const cloudinary: Factory = async (config) => {
  const { cloudinaryCloudName, cloudinaryApiKey, cloudinaryApiSecret, cloudinaryApiUrl } = config;
  if (!cloudinaryCloudName || !cloudinaryApiKey || !cloudinaryApiSecret) return undefined;
  const { CloudinaryDriver } = await import('./cloudinary.driver.js');
  return new CloudinaryDriver({
    cloudName: cloudinaryCloudName,
    apiKey: cloudinaryApiKey,
    apiSecret: cloudinaryApiSecret,
    apiUrl: cloudinaryApiUrl,
  });
};

const s3: Factory = async (config) => {
  if (config.s3Bucket === undefined) return undefined;
  const { S3Driver } = await import('./s3.driver.js');
  return new S3Driver({
    bucket: config.s3Bucket,
    region: config.s3Region,
    endpoint: config.s3Endpoint,
    accessKeyId: config.s3AccessKeyId,
    secretAccessKey: config.s3SecretAccessKey,
    forcePathStyle: config.s3ForcePathStyle,
  });
};

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
export const createStorage = async (config: Config): Promise<StorageDriver> => {
  const { mediaDriver } = config;
  if (mediaDriver === undefined) {
    return (
      (await imagekit(config)) ?? (await cloudinary(config)) ?? (await s3(config)) ?? local(config)
    );
  }
  const driver = await FACTORIES[mediaDriver](config);
  if (!driver) {
    const prefix = mediaDriver.toUpperCase();
    throw new Error(`MEDIA_DRIVER=${mediaDriver} needs the ${prefix}_* settings`);
  }
  return driver;
};
