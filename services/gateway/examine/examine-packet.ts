import { checkSchema, openPacket } from '../../../libs/envelope/index.ts'
import { type TrustStore, verifyPacket } from '../../../libs/signature/index.ts'
import { type ExaminedPacket, splicesOf } from './examined-packet.ts'

/** Reads a packet on this thread. @throws BusError LT_ENV_…, LT_BUS_… */
export function examinePacket(
  skeleton: Uint8Array,
  tokens: readonly string[],
  trust: () => TrustStore,
): ExaminedPacket {
  const opened = openPacket(skeleton, { tokens: new Set(tokens) })
  const { envelope, dialect, repaired, inlineAttachments, tree } = opened
  return {
    envelope,
    dialect,
    repaired,
    inlineAttachments,
    checkSchema: async (door) => checkSchema(opened, door),
    verify: (question) => verifyPacket({ ...question, splices: splicesOf(question), tree, trust: trust() }),
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  }
}
