import {
  checkSchema,
  findSecrecyMark,
  type OpenedPacket,
  openPacket,
  type SecrecyPattern,
} from '../../../libs/envelope/index.ts'
import { type TrustStore, verifyPacket } from '../../../libs/signature/index.ts'
import { type ExaminedPacket, splicesOf } from './examined-packet.ts'

export interface ExamineContext {
  readonly trust: () => TrustStore
  readonly secrecyPatterns: readonly SecrecyPattern[]
}

/** Reads a packet on this thread. @throws BusError LT_ENV_…, LT_BUS_… */
export function examinePacket(
  skeleton: Uint8Array,
  tokens: readonly string[],
  { trust, secrecyPatterns }: ExamineContext,
): ExaminedPacket {
  const opened = openPacket(skeleton, { tokens: new Set(tokens) })
  const { envelope, dialect, repaired, inlineAttachments, tree } = opened
  return {
    ...markOf(opened, secrecyPatterns),
    envelope,
    dialect,
    repaired,
    inlineAttachments,
    checkSchema: async (door) => checkSchema(opened, door),
    verify: (question) => verifyPacket({ ...question, splices: splicesOf(question), tree, trust: trust() }),
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  }
}

/** Searched here, where the packet is read: its texts may be long. */
function markOf(opened: OpenedPacket, patterns: readonly SecrecyPattern[]): Pick<ExaminedPacket, 'mark'> {
  const names = opened.inlineAttachments.map(({ name }) => name)
  try {
    const mark = findSecrecyMark(opened.envelope, names, patterns)
    return mark ? { mark } : {}
  } catch (error) {
    opened[Symbol.dispose]()
    throw error
  }
}
