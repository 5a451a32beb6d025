import type { TrustStore } from '../../../libs/signature/index.ts'
import { ExamineThread } from './ask-thread.ts'
import { examinePacket } from './examine-packet.ts'
import type { ExaminedPacket } from './examined-packet.ts'
import { OpenBudget } from './open-budget.ts'

export interface Examiner extends AsyncDisposable {
  /**
   * Reads a packet of a system, long texts replaced by tokens. It takes room until it is disposed.
   * @throws BusError LT_ENV_…, LT_BUS_…; LT_SUB_BUSY when too much lies open already, or when its thread died over it
   */
  open(skeleton: Buffer, tokens: readonly string[], systemId: string): Promise<ExaminedPacket>
}

export interface ExaminerOptions {
  readonly trust: () => TrustStore
  readonly keyDir: string
  /** Packets above this many bytes (without their long texts) are read on a thread of their own: about 1 ms of work. */
  readonly threadOverBytes?: number
  /** Longest time the thread may take for one question, in milliseconds. */
  readonly timeoutMs?: number
  /** Bytes of packets (without their long texts) that may lie open at one time; 128 MB unless told. */
  readonly maxOpenBytes?: number
}

const THREAD_OVER_BYTES = 200 * 1024
const TIMEOUT_MS = 30_000

/** Small packets are read here at once; large ones on a second thread, started when the first one comes. */
export function openExaminer(options: ExaminerOptions): Examiner {
  const { trust, keyDir, threadOverBytes = THREAD_OVER_BYTES, timeoutMs = TIMEOUT_MS } = options
  const budget = new OpenBudget(options.maxOpenBytes)
  const thread = new ExamineThread(keyDir, timeoutMs)
  return {
    async open(skeleton, tokens, systemId) {
      const release = budget.take(systemId, skeleton.length)
      try {
        const packet =
          skeleton.length <= threadOverBytes
            ? examinePacket(skeleton, tokens, trust)
            : await thread.open(skeleton, tokens)
        return {
          ...packet,
          [Symbol.dispose]: () => {
            packet[Symbol.dispose]()
            release()
          },
        }
      } catch (error) {
        release()
        throw error
      }
    },
    [Symbol.asyncDispose]: () => thread.end(),
  }
}
