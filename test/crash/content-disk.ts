import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Teardown } from '../harness/teardown.ts'

const SIZE = '96m'
const CHUNK = Buffer.alloc(1024 * 1024)

/** A small disk for the content, that can be filled to the last byte and freed again. */
export interface ContentDisk {
  fill(): void
  free(): void
}

/** Mounts a small disk over the content folder; `undefined`, said aloud, where that is not allowed. */
export function mountContentDisk(t: Teardown, folder: string, say: (line: string) => void): ContentDisk | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'lienthong-crash', folder], {
      stdio: 'ignore',
    })
  } catch {
    say('SKIPPED: a full content disk (mounting one is forbidden here)')
    return undefined
  }
  t.teardown(() => execFileSync('umount', ['-l', folder], { stdio: 'ignore' }))
  const filler = join(folder, 'filler')
  return {
    fill() {
      const file = openSync(filler, 'a')
      try {
        for (;;) writeSync(file, CHUNK)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      } finally {
        closeSync(file)
      }
    },
    free: () => rmSync(filler, { force: true }),
  }
}
