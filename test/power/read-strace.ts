import type { SystemCall } from '../harness/trace-calls.ts'
import type { DiskCall } from './disk-model.ts'
import type { WalSync, WalWrite } from './wal-model.ts'

/** What a recorded run did, told apart by where it did it. */
export interface Recording {
  /** On the content folder. */
  readonly disk: readonly DiskCall[]
  /** On the write-ahead log, by segment. */
  readonly wal: ReadonlyMap<string, { readonly writes: WalWrite[]; readonly syncs: WalSync[] }>
  /** Acceptances that were sent to their senders: the dispatch, and when the answer began to leave. */
  readonly answers: readonly { readonly dispatch: string; readonly at: number }[]
}

/** Sorts the calls of a run. @param contentDir the content folder of the gateway */
export function readRecording(calls: readonly SystemCall[], contentDir: string): Recording {
  const disk: DiskCall[] = []
  const wal = new Map<string, { writes: WalWrite[]; syncs: WalSync[] }>()
  const answers: { dispatch: string; at: number }[] = []
  for (const call of calls) {
    const { text, begun, ended } = call
    if (/ = -1 |\) = \?/.test(text.slice(-120))) continue
    const [, name = '', path = ''] = /^(\w+)\((?:\d+<([^>]*)>)?/.exec(text) ?? []
    const segment = /\/pg_wal\/([0-9A-F]{24})$/.exec(path)?.[1]
    if (segment !== undefined) {
      const own = wal.get(segment) ?? { writes: [], syncs: [] }
      wal.set(segment, own)
      if (name === 'pwrite64' || name === 'pwritev') own.writes.push({ begun, ended, ...walBytes(text) })
      else if (name === 'fdatasync' || name === 'fsync') own.syncs.push({ begun, ended })
    } else if (/^(?:write|writev|sendto|sendmsg)$/.test(name) && /HTTP\/1\.1 202/.test(text)) {
      const dispatch = /"dispatch":"([0-9a-f-]{36})"/.exec(stringsOf(text).toString())?.[1]
      if (dispatch !== undefined) answers.push({ dispatch, at: begun })
    } else if (text.includes(contentDir)) {
      const change = diskCall(name, path, text)
      if (change) disk.push({ ...change, begun, ended })
    }
  }
  return { disk, wal, answers }
}

type Change = DiskCall extends infer Each ? (Each extends DiskCall ? Omit<Each, 'begun' | 'ended'> : never) : never

function diskCall(name: string, path: string, text: string): Change | undefined {
  const [first = '', second = ''] = quotedIn(text.slice(0, 4096))
  switch (name) {
    case 'openat':
    case 'open':
      return text.includes('O_CREAT') ? { kind: 'create', path: first } : undefined
    case 'mkdir':
    case 'mkdirat':
      return { kind: 'folder', path: first }
    case 'rename':
    case 'renameat':
    case 'renameat2':
      return { kind: 'rename', from: first, to: second }
    case 'unlink':
    case 'unlinkat':
    case 'rmdir':
      return { kind: 'remove', path: first }
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', path }
    case 'write':
    case 'writev':
    case 'pwrite64':
    case 'pwritev':
      return { kind: 'write', path, bytes: Number(/ = (\d+)/.exec(text.slice(-60))?.[1] ?? 0) }
    default:
      return undefined
  }
}

function walBytes(text: string): { offset: number; bytes: Buffer } {
  const offset = Number(/, (\d+)(?: <\.\.\. \w+ resumed>)?\)\s+= \d+/.exec(text.slice(-120))?.[1] ?? Number.NaN)
  if (Number.isNaN(offset)) throw new Error(`no offset in ${text.slice(-120)}`)
  return { offset, bytes: stringsOf(text) }
}

/** All strings of a call one after the other, as bytes. */
function stringsOf(text: string): Buffer {
  return Buffer.concat(quotedIn(text).map(unescapeC))
}

/** What stands in quotes, still escaped; some are megabytes long. */
function quotedIn(text: string): string[] {
  const found: string[] = []
  for (let from = text.indexOf('"'); from >= 0; ) {
    let end = from + 1
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    found.push(text.slice(from + 1, end))
    from = text.indexOf('"', end + 1)
  }
  return found
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12, b: 8, a: 7 }

/** The bytes behind what strace writes in C's way. */
function unescapeC(quoted: string): Buffer {
  const bytes = Buffer.alloc(quoted.length)
  let size = 0
  for (let at = 0; at < quoted.length; at++) {
    if (quoted[at] !== '\\') {
      bytes[size++] = quoted.charCodeAt(at)
      continue
    }
    const octal = /^[0-7]{1,3}/.exec(quoted.slice(at + 1, at + 4))?.[0]
    if (octal !== undefined) {
      bytes[size++] = Number.parseInt(octal, 8)
      at += octal.length
    } else {
      at += 1
      const letter = quoted[at] as string
      bytes[size++] = ESCAPES[letter] ?? letter.charCodeAt(0)
    }
  }
  return bytes.subarray(0, size)
}
