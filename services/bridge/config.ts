import { sharedSettings } from '../../libs/runtime/index.ts'
import { type Static, Type } from '../../libs/schema/index.ts'

const MIB = 1024 * 1024

export const bridgeConfig = Type.Object({
  axisUrl: Type.String({ pattern: '^https?://', description: 'address of our axis, without a path' }),
  systemCode: Type.String({
    minLength: 1,
    description: 'our system of kind vxp-upstream that fronts the agencies of the other axis',
  }),
  systemKeyFile: Type.String({ minLength: 1, description: 'private key (PEM) that is registered for that system' }),
  upstreamUrl: Type.String({
    pattern: '^https?://',
    description: 'address of the other axis; operations are appended to its path',
  }),
  upstreamSystemId: Type.String({
    pattern: '^[!-~]{1,64}$',
    description: 'system id that the other axis gave us; over there it fronts our agencies',
  }),
  upstreamSecret: Type.String({ secret: true, minLength: 1, description: 'secret that goes with it' }),
  upstreamNetworks: Type.Array(Type.String(), {
    default: [],
    description: 'networks (address/bits) beside the public ones in which the other axis may lie, also without TLS',
  }),
  upstreamCaFile: Type.Optional(
    Type.String({ description: 'certificates (PEM) the other axis is checked against; the public roots when absent' }),
  ),
  upstreamConnectTimeoutMs: Type.Integer({ minimum: 100, default: 10_000, description: 'time for one connection' }),
  upstreamTimeoutMs: Type.Integer({
    minimum: 1000,
    default: 120_000,
    description: 'time for one call to the other axis up to its answer, and again for the body of the answer',
  }),
  stateDir: Type.String({
    minLength: 1,
    description: 'folder of what is on its way; for this bridge alone, on a disk that survives',
  }),
  upstreamUnknownMs: Type.Integer({
    minimum: 0,
    maximum: 600_000,
    default: 30_000,
    description: 'pause after a sending whose outcome is unknown, before the other axis is asked whether it has it',
  }),
  maxPacketBytes: Type.Integer({ minimum: 65536, default: 50 * MIB, description: 'bytes of one packet at most' }),
  pollMs: Type.Integer({
    minimum: 20,
    maximum: 3_600_000,
    default: 60_000,
    description:
      'pause between two looks into the list of the other axis, and into our own mailbox when nothing wakes it',
  }),
  parallel: Type.Integer({
    minimum: 1,
    maximum: 32,
    default: 4,
    description: 'packets on their way at one time, each way',
  }),
  leaseSeconds: Type.Integer({
    minimum: 5,
    maximum: 3600,
    default: 300,
    description: 'for how long consignments are taken out of our mailbox',
  }),
  healthPort: sharedSettings.healthPort,
})
export type BridgeConfig = Static<typeof bridgeConfig>
