import { Worker } from 'node:worker_threads'
import { BusError } from '../../../libs/errors/index.ts'
import type { PacketProblem } from '../../../libs/envelope/index.ts'
import type { SignatureReport, TrustStore } from '../../../libs/signature/index.ts'
import { examinePacket } from './examine-packet.ts'
import type { ExaminedPacket } from './examined-packet.ts'
import type { ExamineAnswer, ExamineRequest, ExamineResult, OpenedFacts } from './examine-protocol.ts'

export interface Examiner extends AsyncDisposable {
  /** Reads a packet, long texts replaced by tokens. @throws BusError LT_ENV_…, LT_BUS_…, LT_SUB_BUSY when its thread died */
  open(skeleton: Buffer, tokens: readonly string[]): Promise<ExaminedPacket>
}

export interface ExaminerOptions {
  readonly trust: () => TrustStore
  readonly keyDir: string
  /** Packets above this many bytes (without their long texts) are read on a thread of their own: about 1 ms of work. */
  readonly threadOverBytes?: number
  /** Questions a thread may take to answer before it is given up. */
  readonly timeoutMs?: number
}

const THREAD_OVER_BYTES = 200 * 1024
const TIMEOUT_MS = 30_000
const typescript = import.meta.url.endsWith('.ts')
const FILE = new URL(typescript ? './examine-thread.ts' : './examine-thread.js', import.meta.url)

/** Small packets are read here at once; large ones on a second thread, started when the first one comes. */
export function openExaminer(options: ExaminerOptions): Examiner {
  const { trust, keyDir, threadOverBytes = THREAD_OVER_BYTES, timeoutMs = TIMEOUT_MS } = options
  let thread: ExamineThread | undefined
  return {
    async open(skeleton, tokens) {
      if (skeleton.length <= threadOverBytes) return examinePacket(skeleton, tokens, trust)
      if (!thread || thread.dead) thread = new ExamineThread(keyDir, timeoutMs)
      return thread.open(skeleton, tokens)
    },
    async [Symbol.asyncDispose]() {
      await thread?.end()
    },
  }
}

type Distribute<T> = T extends unknown ? Omit<T, 'id'> : never

class ExamineThread {
  readonly #worker: Worker
  readonly #timeoutMs: number
  readonly #waiting = new Map<number, { resolve: (result: ExamineResult) => void; reject: (error: unknown) => void; timer: NodeJS.Timeout }>()
  #last = 0
  dead = false

  constructor(keyDir: string, timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    this.#worker = startThread({ keyDir })
    this.#worker.unref()
    this.#worker.on('message', (answer: ExamineAnswer) => this.#take(answer))
    this.#worker.on('error', (error) => this.#giveUp(error))
    this.#worker.on('exit', () => this.#giveUp(new Error('the thread ended')))
  }

  async open(skeleton: Buffer, tokens: readonly string[]): Promise<ExaminedPacket> {
    const packet = ++this.#last
    // The bytes move, they are not copied: nothing on this thread reads the skeleton again.
    const own = new Uint8Array(skeleton.buffer.byteLength === skeleton.byteLength ? skeleton.buffer : Uint8Array.from(skeleton).buffer)
    const facts = (await this.#ask({ packet, ask: 'open', skeleton: own, tokens }, [own.buffer as ArrayBuffer])) as OpenedFacts
    return {
      ...facts,
      checkSchema: async (door) => (await this.#ask({ packet, ask: 'schema', door })) as readonly PacketProblem[],
      verify: async (question) => (await this.#ask({ packet, ask: 'verify', question })) as SignatureReport,
      [Symbol.dispose]: () => {
        if (!this.dead) this.#worker.postMessage({ id: 0, packet, ask: 'close' } satisfies ExamineRequest)
      },
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #ask(request: Distribute<ExamineRequest>, transfer: ArrayBuffer[] = []): Promise<ExamineResult> {
    if (this.dead) return Promise.reject(new BusError('LT_SUB_BUSY'))
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#giveUp(new Error('the thread did not answer')), this.#timeoutMs)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#worker.postMessage({ ...request, id } as ExamineRequest, transfer)
    })
  }

  #take(answer: ExamineAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    if (!waiting) return
    this.#waiting.delete(answer.id)
    clearTimeout(waiting.timer)
    if ('refused' in answer) waiting.reject(new BusError(answer.refused.code, answer.refused.params))
    else if ('failed' in answer) waiting.reject(new Error(answer.failed))
    else waiting.resolve(answer.result)
  }

  /** A packet that brings its thread down brings down no other: whoever waits is told to come again. */
  #giveUp(cause: Error): void {
    if (this.dead) return
    this.dead = true
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(new BusError('LT_SUB_BUSY', {}, { cause }))
    }
    this.#waiting.clear()
    void this.#worker.terminate()
  }
}

/** A thread of its own loads TypeScript only when told how; what is built is JavaScript. */
function startThread(workerData: object): Worker {
  if (!typescript) return new Worker(FILE, { workerData })
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  return new Worker(`import(${loader}).then(({ register }) => { register(); return import(${JSON.stringify(FILE.href)}) })`, {
    eval: true,
    workerData,
  })
}
