import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/** A lock file that cannot be read is nobody's after so long: ours are whole from the moment they have their name. */
const UNREADABLE_MS = 2_000
/** Whoever waits longer hears for whom. */
const SILENT_MS = 1_000

/** Runs `work` while no other process holds the lock file. A lock whose holder died is taken over; a long wait is told by `say`. */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  say: (line: string) => void = () => undefined,
): Promise<T> {
  let told = false
  for (const begun = Date.now(); !take(path); ) {
    const holder = readHolder(path)
    if (holder === 'stale') removeStale(path)
    else {
      if (!told && Date.now() - begun > SILENT_MS) {
        say(holder === 'gone' ? `waiting for ${path}` : `waiting for process ${holder.pid}, which holds ${path}`)
        told = true
      }
      await sleep(100)
    }
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/** The file gets its name only when it is whole: a process that is killed in between leaves no empty lock. */
function take(path: string): boolean {
  const aside = asideOf(path)
  writeFileSync(aside, JSON.stringify(identify(process.pid)), { mode: 0o600 })
  try {
    linkSync(aside, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Who holds it; `gone`: given back meanwhile, or too young to be judged; `stale`: its holder is no more. */
function readHolder(path: string): ProcessIdentity | 'gone' | 'stale' {
  try {
    const holder = parse(readFileSync(path, 'utf8'))
    if (holder) return isAlive(holder) ? holder : 'stale'
    return Date.now() - statSync(path).mtimeMs > UNREADABLE_MS ? 'stale' : 'gone'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone'
    throw error
  }
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<ProcessIdentity>
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined
  } catch {
    return undefined
  }
}

/** Renaming has one winner. Where the name was taken anew since we looked, the new holder gets it back. */
function removeStale(path: string): void {
  const aside = asideOf(path)
  try {
    renameSync(path, aside)
    const holder = parse(readFileSync(aside, 'utf8'))
    if (isAlive(holder)) linkSync(aside, path)
    rmSync(aside, { force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function asideOf(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
}
