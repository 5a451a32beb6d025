import { chown, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type FileOwner, flushFolder } from './copy-file.ts'
import { faultOfWriting } from './write-fault.ts'

/** PostgreSQL names the file it cannot read in its refusal; a start of ours says another one on its command line. */
const BAR = `hba_file = '/restore-is-not-finished.remove-this-folder-and-begin-anew'\n`

/**
 * Keeps a cluster that is being restored from being started by anybody else: half restored it would go on with the old log under the old
 * origin. Flushed.
 */
export async function barCluster(data: string, owner: FileOwner): Promise<void> {
  const path = fileOf(data)
  await replace(path, `${await textOf(path)}\n${BAR}`, owner)
}

/** Lets anybody start it again, with the settings it had. Flushed. */
export async function unbarCluster(data: string, owner: FileOwner): Promise<void> {
  const path = fileOf(data)
  await replace(path, (await textOf(path)).replace(`\n${BAR}`, ''), owner)
}

function fileOf(data: string): string {
  return join(data, 'postgresql.auto.conf')
}

/** Nothing where `alter system` never wrote. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}

async function replace(path: string, text: string, { uid, gid }: FileOwner): Promise<void> {
  const aside = `${path}.part`
  const handle = await open(aside, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } catch (error) {
    throw faultOfWriting(error, aside)
  } finally {
    await handle.close()
  }
  if (uid !== undefined && gid !== undefined) await chown(aside, uid, gid)
  await rename(aside, path)
  await flushFolder(join(path, '..'))
}
