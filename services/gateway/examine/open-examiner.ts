import {
  DEFAULT_SECRECY_PATTERNS,
  findMarkInNames,
  type SecrecyMark,
  type SecrecyPattern,
} from '../../../libs/envelope/index.ts'
import type { TrustStore } from '../../../libs/signature/index.ts'
import { ExamineThread } from './ask-thread.ts'
import { examinePacket } from './examine-packet.ts'
import type { ExaminedPacket } from './examined-packet.ts'
import { OpenBudget, type OpenRoom } from './open-budget.ts'

export interface Examiner extends AsyncDisposable {
  /** Room for a packet of a system, to be widened while it streams in and given to `open`. */
  room(systemId: string): OpenRoom
  /**
   * Reads a packet, long texts replaced by tokens. Its room is given back when it is disposed, or when this throws.
   * @throws BusError LT_ENV_…, LT_BUS_…; LT_SUB_BUSY when too much lies open already, or when its thread died over it
   */
  open(skeleton: Buffer, tokens: readonly string[], room: OpenRoom): Promise<ExaminedPacket>
  /** The first secrecy mark in names that came beside a packet. @throws BusError LT_ENV_TOO_LARGE */
  markIn(names: readonly string[]): SecrecyMark | undefined
}

export interface ExaminerOptions {
  readonly trust: () => TrustStore
  readonly keyDir: string
  /** Packets above this many bytes (without their long texts) are read on a thread of their own: about 1 ms of work. */
  readonly threadOverBytes?: number
  /** Marks that a packet is refused for; those of `libs/envelope` unless told. */
  readonly secrecyPatterns?: readonly SecrecyPattern[]
  /** Longest time the thread may take for one question, in milliseconds. */
  readonly timeoutMs?: number
  /** Bytes of packets (without their long texts) that may lie open at one time; 128 MB unless told. */
  readonly maxOpenBytes?: number
}

const THREAD_OVER_BYTES = 200 * 1024
/** Packets of many elements cost as much as large ones; a document to a hundred agencies has half of it. */
const THREAD_OVER_TAGS = 2000
const TIMEOUT_MS = 30_000

/** Small packets are read here at once; costly ones on a second thread, started when the first one comes. */
export function openExaminer(options: ExaminerOptions): Examiner {
  const { trust, keyDir, threadOverBytes = THREAD_OVER_BYTES, timeoutMs = TIMEOUT_MS } = options
  const { secrecyPatterns = DEFAULT_SECRECY_PATTERNS } = options
  const budget = new OpenBudget(options.maxOpenBytes)
  const thread = new ExamineThread({ keyDir, secrecyPatterns }, timeoutMs)
  return {
    room: (systemId) => budget.room(systemId),
    async open(skeleton, tokens, room) {
      try {
        room.atLeast(skeleton.length)
        const packet =
          skeleton.length <= threadOverBytes && !hasManyTags(skeleton)
            ? examinePacket(skeleton, tokens, { trust, secrecyPatterns })
            : await thread.open(skeleton, tokens)
        return {
          ...packet,
          [Symbol.dispose]: () => {
            packet[Symbol.dispose]()
            room[Symbol.dispose]()
          },
        }
      } catch (error) {
        room[Symbol.dispose]()
        throw error
      }
    },
    markIn: (names) => findMarkInNames(names, secrecyPatterns),
    [Symbol.asyncDispose]: () => thread.end(),
  }
}

function hasManyTags(skeleton: Buffer): boolean {
  let count = 0
  for (let at = skeleton.indexOf(0x3c); at >= 0; at = skeleton.indexOf(0x3c, at + 1)) {
    count += 1
    if (count > THREAD_OVER_TAGS) return true
  }
  return false
}
