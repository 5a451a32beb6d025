import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { BusError, isBusError } from '../../errors/index.ts'
import type { ScanResult, Unusual } from './cut.ts'
import type { ScanOptions } from './packet-scanner.ts'
import { Turns } from './turns.ts'
import type { ChildAnswer, ChildOrder } from './whole-tree-protocol.ts'

export interface WholeTreeOptions extends ScanOptions {
  /** Most bytes of a packet that goes this way. Default 20 MB. */
  readonly maxBytes?: number
  /** Milliseconds after which the child is killed. Default 30,000. */
  readonly timeLimit?: number
  /** Most bytes of memory the child may use. Default 384 MB and twelve times `maxBytes`. */
  readonly maxMemory?: number
  /** Whose packet it is: those who wait are served in turn, by owner. */
  readonly owner?: string
  readonly signal?: AbortSignal
}

type Child = ChildProcessByStdio<Writable, Readable, null>

const MAX_CHILDREN = 2
const BASE_MEMORY = 384 << 20
/** The bytes themselves, the tree and its canonical form. */
const MEMORY_PER_BYTE = 12
/** The cuts in JSON. */
const MAX_ANSWER_HEAD = 1 << 20

const typescript = import.meta.url.endsWith('.ts')
const childFile = fileURLToPath(new URL(`./whole-tree-child.${typescript ? 'ts' : 'js'}`, import.meta.url))

/** A place in the queue holds no packet, only a caller and its file. */
const turns = new Turns({ slots: MAX_CHILDREN, maxWaiting: 64, maxWaitingOfOne: 8 })

/**
 * Cuts a packet the scanner could not cut while streaming: a child process of its own, bounded in memory and time, reads it as a
 * whole and proves that skeleton and cut texts mean the same as the packet. `read` gives the packet from its first byte.
 * At most two run at once; others wait, a bounded number, in turn by owner.
 * @throws BusError LT_ENV_UNUSUAL_TOO_LARGE before anything is started; LT_SUB_BUSY when too many wait; LT_ENV_UNUSUAL_REFUSED when the child ran out of memory
 * or time; whatever the child found (LT_ENV_MALFORMED, LT_ENV_DTD, LT_ENV_TOO_LARGE …). An abort rejects with its reason.
 */
export async function scanWhole(
  read: AsyncIterable<Uint8Array>,
  first: { readonly size: number; readonly unusual: Unusual },
  options: WholeTreeOptions = {},
): Promise<ScanResult> {
  const { maxBytes = 20 << 20, cutOver = 65536, maxSkeletonBytes = 4 << 20, maxCuts = 100 } = options
  const { construct } = first.unusual
  if (first.size > maxBytes) throw new BusError('LT_ENV_UNUSUAL_TOO_LARGE', { construct, limit: maxBytes })
  const order: ChildOrder = { construct, cutOver, maxBytes, maxSkeletonBytes, maxCuts }
  return await turns.run(options.owner ?? '', options.signal, () => ask(order, read, first.size, options))
}

async function ask(
  order: ChildOrder,
  read: AsyncIterable<Uint8Array>,
  size: number,
  { signal, timeLimit = 30_000, maxMemory = BASE_MEMORY + MEMORY_PER_BYTE * order.maxBytes }: WholeTreeOptions,
): Promise<ScanResult> {
  const child = start(order, maxMemory)
  const ended = once(child, 'close')
  const kill = (): void => void child.kill('SIGKILL')
  const timer = setTimeout(kill, timeLimit)
  signal?.addEventListener('abort', kill)
  try {
    const [output] = await Promise.all([collect(child.stdout, order), feed(child, read), ended])
    signal?.throwIfAborted()
    return understand(output, child.exitCode, size)
  } catch (error) {
    signal?.throwIfAborted()
    if (isBusError(error)) throw error
    throw new BusError('LT_ENV_UNUSUAL_REFUSED', { construct: order.construct }, { cause: error })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
    kill()
    await Promise.allSettled([ended])
  }
}

/**
 * The limit on data (`ulimit -d`, RLIMIT_DATA) bounds what is really written to, engine memory included; a limit on addresses
 * cannot, because the WebAssembly engine reserves tens of gigabytes of them. No environment: the child needs no secret.
 */
function start(order: ChildOrder, maxMemory: number): Child {
  const kilobytes = Math.ceil(maxMemory / 1024)
  const node = [process.execPath, ...(typescript ? ['--import', import.meta.resolve('tsx')] : []), childFile]
  const script = 'ulimit -d "$1" && shift && exec "$@"'
  return spawn('/bin/sh', ['-c', script, 'sh', String(kilobytes), ...node, JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
  })
}

async function feed(child: Child, read: AsyncIterable<Uint8Array>): Promise<void> {
  await pipeline(Readable.from(read, { objectMode: false }), child.stdin)
}

async function collect(stdout: Readable, { maxSkeletonBytes }: ChildOrder): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdout) {
    length += (chunk as Buffer).length
    if (length > maxSkeletonBytes + MAX_ANSWER_HEAD) throw new Error('the child answers too much')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function understand(output: Buffer, exitCode: number | null, size: number): ScanResult {
  const lineEnd = output.indexOf(0x0a)
  if (exitCode !== 0 || lineEnd < 0) throw new Error(`the child ended with ${exitCode}`)
  const answer = JSON.parse(output.toString('utf8', 0, lineEnd)) as ChildAnswer
  if (answer.refused) throw new BusError(answer.refused.code, answer.refused.params)
  const skeleton = output.subarray(lineEnd + 1)
  if (!answer.cuts || skeleton.length !== answer.skeletonBytes) throw new Error('the child was cut short')
  const cuts = answer.cuts.map((cut) => ({ ...cut, decodedSha256: Buffer.from(cut.decodedSha256, 'hex') }))
  return { skeleton, cuts, size }
}
