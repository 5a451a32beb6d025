import { readFileSync, writeFileSync } from 'node:fs'

/** Resident memory of another process over some time, in bytes. */
export interface MemoryWatch {
  /** When the watch began. */
  readonly before: number
  /** Ends the watch; the highest the process ever was in between. */
  stop(): { readonly peak: number; readonly growth: number }
}

const SAMPLE_MS = 5

/** Begins to watch. The kernel's own high-water mark is set back first, so that no peak falls between two samples. */
export function watchMemory(pid: number): MemoryWatch {
  const marked = setBackHighWater(pid)
  const before = statusOf(pid, 'VmRSS')
  let peak = before
  const sample = (): void => {
    peak = Math.max(peak, statusOf(pid, 'VmRSS'), marked ? statusOf(pid, 'VmHWM') : 0)
  }
  const timer = setInterval(sample, SAMPLE_MS)
  return {
    before,
    stop() {
      clearInterval(timer)
      sample()
      return { peak, growth: peak - before }
    },
  }
}

function statusOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const value = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]
  if (value === undefined) throw new Error(`process ${pid} says nothing of ${field}`)
  return Number(value) * 1024
}

function setBackHighWater(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    return true
  } catch {
    return false // not allowed here: the samples alone have to do
  }
}
