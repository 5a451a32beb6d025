import { sharedSettings } from '../../libs/runtime/index.ts'
import { type Static, Type } from '../../libs/schema/index.ts'
import { clockSettings } from './clocks/settings.ts'
import { noticeSettings } from './notices/settings.ts'

const HOUR = 3_600_000

export const deliveryConfig = Type.Object({
  databaseUrl: sharedSettings.databaseUrl,
  natsUrl: sharedSettings.natsUrl,
  redisUrl: sharedSettings.redisUrl,
  blobDir: sharedSettings.blobDir,
  keyDir: sharedSettings.keyDir,
  healthPort: sharedSettings.healthPort,
  pushAllowedNetworks: Type.Array(Type.String(), {
    default: [],
    description: 'networks (address/bits) that endpoints may lie in beside the public ones, also without TLS',
  }),
  pushCaFile: Type.Optional(
    Type.String({ description: 'certificates (PEM) that endpoints are checked against; the public roots when absent' }),
  ),
  pushCertificateFile: Type.Optional(
    Type.String({ description: 'certificate chain (PEM) shown to endpoints that ask for one (mutual TLS)' }),
  ),
  pushKeyFile: Type.Optional(Type.String({ description: 'private key (PEM) of that certificate' })),
  pushConcurrency: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 8,
    description: 'pushes to one system at a time, per process; a system may have a number of its own',
  }),
  pushConnectTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 60_000,
    default: 5000,
    description: 'longest time to connect',
  }),
  pushTimeoutMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 30_000,
    description: 'longest time for one push; large content gets more, 128 KiB per second',
  }),
  pushAnswerBytes: Type.Integer({
    minimum: 0,
    maximum: 65_536,
    default: 2048,
    description: 'bytes of an answer that are read at most',
  }),
  attemptGraceMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 10_000,
    description: 'an attempt without an end so long after its time counts as ambiguous',
  }),
  retryFirstMs: Type.Integer({
    minimum: 1,
    maximum: HOUR,
    default: 2000,
    description: 'bound of the first pause before a retry; doubles with each attempt',
  }),
  retryMaxMs: Type.Integer({
    minimum: 1,
    maximum: 24 * HOUR,
    default: 900_000,
    description: 'bound of every pause before a retry, and of what a busy receiver may ask for',
  }),
  maxAttempts: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 300,
    description: 'attempts for one consignment at most',
  }),
  timeToLiveMs: Type.Integer({
    minimum: 1000,
    default: 72 * HOUR,
    description:
      'after so long a consignment that was not delivered is a dead letter; a system may have a time of its own',
  }),
  breakerFailures: Type.Integer({
    minimum: 1,
    maximum: 5,
    default: 5,
    description: 'failures in a row after which an endpoint is only tried by probes',
  }),
  breakerFirstMs: Type.Integer({
    minimum: 1,
    maximum: HOUR,
    default: 5000,
    description: 'pause before the first probe of a broken endpoint; doubles with each that fails',
  }),
  breakerMaxMs: Type.Integer({
    minimum: 1,
    maximum: 24 * HOUR,
    default: 300_000,
    description: 'bound of the pause between two probes, and between two calls of a web hook that fails',
  }),
  breakerLookMs: Type.Integer({
    minimum: 20,
    maximum: 60_000,
    default: 500,
    description: 'pause between two looks at broken endpoints and at web hooks that are due',
  }),
  queueLength: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 10_000,
    description: 'entries of one queue above which the sweeper adds none',
  }),
  sweepIdleMs: Type.Integer({
    minimum: 50,
    maximum: 60_000,
    default: 1000,
    description: 'pause between two sweeps that find nothing',
  }),
  sweepAfterMs: Type.Integer({
    minimum: 50,
    maximum: 300_000,
    default: 10_000,
    description: 'a push that was not begun so long after it was due is queued again; doubles each time, up to 5 min',
  }),
  ...clockSettings,
  ...noticeSettings,
})
export type DeliveryConfig = Static<typeof deliveryConfig>
