import { DEFAULT_SECRECY_PATTERNS, writeSecrecyPatterns } from '../../libs/envelope/index.ts'
import { sharedSettings } from '../../libs/runtime/index.ts'
import { type Static, Type } from '../../libs/schema/index.ts'

const MIB = 1024 * 1024

export const gatewayConfig = Type.Object({
  databaseUrl: sharedSettings.databaseUrl,
  natsUrl: sharedSettings.natsUrl,
  redisUrl: sharedSettings.redisUrl,
  blobDir: sharedSettings.blobDir,
  keyDir: sharedSettings.keyDir,
  listenHost: sharedSettings.listenHost,
  listenPort: sharedSettings.listenPort,
  doorPort: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65535,
      description:
        'port of the compatible door, for client programs of today’s axis; 0 takes a free one. Unset: there is none',
    }),
  ),
  doorHost: Type.Optional(
    Type.String({ description: 'address the compatible door binds to. Default: that of the listener' }),
  ),
  doorConnections: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 4000,
    description: 'connections at the compatible door at one time, all systems together',
  }),
  doorAxisCode: Type.Optional(
    Type.String({
      pattern: '^[0-9A-Za-z._-]{1,35}$',
      description:
        'code of this axis in the hops that it adds to packets at the compatible door. Unset: the time alone',
    }),
  ),
  healthPort: sharedSettings.healthPort,
  publicUrl: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description: 'address callers use; `aud` of client assertions and tokens. Default: the listener',
    }),
  ),
  axisName: Type.String({ default: 'Liên Thông', description: 'name of this axis in receipts' }),
  tlsCertificateFile: sharedSettings.tlsCertificateFile,
  tlsKeyFile: sharedSettings.tlsKeyFile,
  maxPacketBytes: Type.Integer({
    minimum: 65536,
    maximum: 2048 * MIB,
    default: 50 * MIB,
    description: 'bytes of an inline packet at most',
  }),
  maxEnvelopeBytes: Type.Integer({
    minimum: 4096,
    maximum: 16 * MIB,
    default: 4 * MIB,
    description: 'bytes of a packet without its long attachments',
  }),
  maxAttachmentBytes: Type.Integer({
    minimum: 4096,
    default: 1024 * MIB,
    description: 'bytes of one detached attachment at most',
  }),
  maxSubmissionBytes: Type.Integer({
    minimum: 65536,
    default: 2048 * MIB,
    description: 'bytes of one submission at most, all parts together',
  }),
  maxRecipients: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 2500,
    description: 'recipients of one dispatch at most',
  }),
  maxAttachments: Type.Integer({
    minimum: 0,
    maximum: 1000,
    default: 100,
    description: 'attachments of one dispatch at most',
  }),
  secrecyPatterns: Type.Array(Type.String({ pattern: '^[a-z]+:[a-zA-Z+]+:.+$' }), {
    default: writeSecrecyPatterns(DEFAULT_SECRECY_PATTERNS),
    description:
      'secrecy marks that refuse a packet, each as form:fields:words. Forms: phrase upper bracketed mark suffix; fields, joined by +: subject content notation fileName',
  }),
  minFreeBytes: Type.Integer({
    minimum: 0,
    default: 256 * MIB,
    description: 'bytes that must be free on the content disk to take a submission',
  }),
  maxOrphans: Type.Integer({
    minimum: 0,
    default: 1000,
    description:
      'content without a dispatch that one sweep puts aside at most; more looks like a restored database and stops the sweep until this is raised',
  }),
  uploadIdleMs: Type.Integer({ minimum: 1000, default: 30_000, description: 'longest pause in an upload' }),
  requestTimeoutMs: Type.Integer({
    minimum: 1000,
    default: 600_000,
    description: 'longest time for one request to arrive',
  }),
  commitBatch: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 100,
    description: 'submissions in one commit at most',
  }),
  commitQueue: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 2000,
    description: 'submissions that may wait for a commit',
  }),
  systemRequestsPerMinute: Type.Integer({
    minimum: 1,
    default: 60_000,
    description: 'requests of one system per minute',
  }),
  systemTokensPerMinute: Type.Integer({
    minimum: 1,
    default: 600,
    description: 'access tokens of one system per minute',
  }),
  authFailuresPerMinute: Type.Integer({
    minimum: 1,
    default: 120,
    description: 'failed sign-ins per minute from one address for one claimed system; ten times that for the address',
  }),
  leaseSeconds: Type.Integer({
    minimum: 5,
    maximum: 3600,
    default: 300,
    description: 'lease given when the caller asks for none',
  }),
})
export type GatewayConfig = Static<typeof gatewayConfig>
