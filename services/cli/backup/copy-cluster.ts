import { chmod, chown, lstat, opendir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { barCluster } from './bar-cluster.ts'
import type { FileOwner } from './copy-file.ts'
import { flushNames } from './flush-names.ts'
import { runProgram } from './run-program.ts'

/**
 * Copies the files of a base backup into an empty folder, flushed, for the user PostgreSQL runs as. Barred from its first file on.
 * @throws BusError LT_BACKUP_PROGRAM_FAILED when something of it could not be written
 */
export async function copyCluster(from: string, to: string, owner: FileOwner, signal: AbortSignal): Promise<void> {
  // Also without an archive: what is written from now on is another timeline, and never mixes with what was written after the copy. And
  // first: with this file and no command to restore with nobody can start a copy that was broken off.
  await writeFile(join(to, 'recovery.signal'), '', { mode: 0o600 })
  await runProgram('cp', ['-R', '-P', '--preserve=mode,timestamps', '--reflink=auto', '--', `${from}/.`, to], {
    signal,
  })
  // Of a base backup that was taken from a standby: this one is to end its recovery.
  await rm(join(to, 'standby.signal'), { force: true })
  await barCluster(to, owner)
  // Only this backup's: the next one makes its own.
  await rm(join(to, 'backup_manifest'), { force: true })
  await give(to, owner)
  await chmod(to, 0o700)
  await flushNames(to, signal)
}

async function give(path: string, owner: FileOwner): Promise<void> {
  if (owner.uid === undefined || owner.gid === undefined) return
  await chown(path, owner.uid, owner.gid)
  if (!(await lstat(path)).isDirectory()) return
  for await (const { name } of await opendir(path)) await give(join(path, name), owner)
}
