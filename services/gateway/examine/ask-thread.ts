import { Worker } from 'node:worker_threads'
import type { PacketProblem } from '../../../libs/envelope/index.ts'
import { BusError } from '../../../libs/errors/index.ts'
import type { SignatureReport } from '../../../libs/signature/index.ts'
import type { ExamineAnswer, ExamineRequest, ExamineResult, OpenedFacts, ThreadSettings } from './examine-protocol.ts'
import type { ExaminedPacket } from './examined-packet.ts'

const typescript = import.meta.url.endsWith('.ts')
const FILE = new URL(typescript ? './examine-thread.ts' : './examine-thread.js', import.meta.url)

type Distribute<T> = T extends unknown ? Omit<T, 'id'> : never

interface Question {
  readonly request: Distribute<ExamineRequest>
  /** The thread that holds the packet's tree, by number; absent for a packet that is still to be read. */
  readonly generation?: number
  readonly resolve: (result: ExamineResult) => void
  readonly reject: (error: unknown) => void
}

/**
 * The one thread that reads large packets, asked one question at a time. When it dies or does not answer, the question it was at
 * fails, and so do questions about packets whose trees went with it; packets it had not begun are read by its successor.
 */
export class ExamineThread {
  readonly #settings: ThreadSettings
  readonly #timeoutMs: number
  #waiting: Question[] = []
  #current: { readonly id: number; readonly question: Question; readonly timer: NodeJS.Timeout } | undefined
  #worker: Worker | undefined
  /** Set while a thread ends: its successor starts after that. */
  #leaving: Promise<unknown> | undefined
  #generation = 0
  #last = 0
  #closed = false

  constructor(settings: ThreadSettings, timeoutMs: number) {
    this.#settings = settings
    this.#timeoutMs = timeoutMs
  }

  /** @throws BusError LT_ENV_…, LT_BUS_…, LT_SUB_BUSY when the thread died over it */
  async open(skeleton: Buffer, tokens: readonly string[]): Promise<ExaminedPacket> {
    const packet = ++this.#last
    const facts = (await this.#ask({ packet, ask: 'open', skeleton, tokens })) as OpenedFacts
    const generation = this.#generation
    return {
      ...facts,
      checkSchema: async (door) =>
        (await this.#ask({ packet, ask: 'schema', door }, generation)) as readonly PacketProblem[],
      verify: async (question) => (await this.#ask({ packet, ask: 'verify', question }, generation)) as SignatureReport,
      [Symbol.dispose]: () => {
        if (generation === this.#generation)
          this.#worker?.postMessage({ id: 0, packet, ask: 'close' } satisfies ExamineRequest)
      },
    }
  }

  async end(): Promise<void> {
    this.#closed = true
    for (const { reject } of this.#waiting.splice(0)) reject(new BusError('LT_SUB_BUSY'))
    this.#giveUp(new Error('the service stops'))
    await this.#leaving
  }

  #ask(request: Distribute<ExamineRequest>, generation?: number): Promise<ExamineResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject, ...(generation === undefined ? {} : { generation }) })
      this.#next()
    })
  }

  #next(): void {
    while (!this.#current && !this.#leaving) {
      const question = this.#waiting.shift()
      if (!question) return
      const lost = question.generation !== undefined && question.generation !== this.#generation
      if (lost || this.#closed) question.reject(new BusError('LT_SUB_BUSY'))
      else this.#put(question)
    }
  }

  /** The time runs from here: until now the thread was at other packets. */
  #put(question: Question): void {
    const id = ++this.#last
    const timer = setTimeout(() => this.#giveUp(new Error('the thread did not answer')), this.#timeoutMs)
    this.#current = { id, question, timer }
    this.#worker ??= this.#start()
    const { request } = question
    if (request.ask !== 'open') {
      this.#worker.postMessage({ ...request, id } satisfies ExamineRequest)
      return
    }
    const { skeleton } = request
    // The bytes move where they can: nothing on this side reads the skeleton again.
    const own = new Uint8Array(
      skeleton.buffer.byteLength === skeleton.byteLength ? skeleton.buffer : Uint8Array.from(skeleton).buffer,
    )
    this.#worker.postMessage({ ...request, id, skeleton: own } satisfies ExamineRequest, [own.buffer as ArrayBuffer])
  }

  #start(): Worker {
    const worker = startThread(this.#settings)
    worker.unref()
    worker.on('message', (answer: ExamineAnswer) => this.#take(answer))
    const ended = (cause: Error): void => {
      if (worker === this.#worker) this.#giveUp(cause)
    }
    worker.on('error', ended)
    worker.on('exit', () => ended(new Error('the thread ended')))
    return worker
  }

  #take(answer: ExamineAnswer): void {
    const current = this.#current
    if (answer.id !== current?.id) return
    clearTimeout(current.timer)
    this.#current = undefined
    const { resolve, reject } = current.question
    if ('refused' in answer) reject(new BusError(answer.refused.code, answer.refused.params))
    else if ('failed' in answer) reject(new Error(answer.failed))
    else resolve(answer.result)
    this.#next()
  }

  /** Ends the thread over the question it is at. */
  #giveUp(cause: Error): void {
    const [worker, current] = [this.#worker, this.#current]
    this.#worker = undefined
    this.#current = undefined
    this.#generation += 1
    if (current) {
      clearTimeout(current.timer)
      current.question.reject(new BusError('LT_SUB_BUSY', {}, { cause }))
    }
    if (!worker) return
    this.#leaving = worker.terminate().finally(() => {
      this.#leaving = undefined
      this.#next()
    })
  }
}

/** A thread of its own loads TypeScript only when told how; what is built is JavaScript. */
function startThread(workerData: ThreadSettings): Worker {
  if (!typescript) return new Worker(FILE, { workerData })
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  return new Worker(
    `import(${loader}).then(({ register }) => { register(); return import(${JSON.stringify(FILE.href)}) })`,
    {
      eval: true,
      workerData,
    },
  )
}
