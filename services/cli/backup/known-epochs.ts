import { open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { flushFolder } from './copy-file.ts'

/**
 * Epochs that were opened from the backups of one folder, one number a line in `epochs`, beside them: two restores of the same backup
 * have nothing else in common, and two logs must never go on under one origin.
 */
export async function readEpochs(backup: string): Promise<number> {
  const text = await readFile(placeOf(backup), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return Math.max(
    0,
    ...text
      .split('\n')
      .filter((line) => /^\d{1,8}$/.test(line))
      .map(Number),
  )
}

/** Notes an epoch, its line and the name of the file flushed. */
export async function noteEpoch(backup: string, epoch: number): Promise<void> {
  const handle = await open(placeOf(backup), 'a', 0o600)
  try {
    await handle.writeFile(`${epoch}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await flushFolder(dirname(backup))
}

function placeOf(backup: string): string {
  return join(dirname(backup), 'epochs')
}
