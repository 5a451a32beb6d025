import { execFile } from 'node:child_process'
import { chmod, chown, lstat, opendir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { FileOwner } from './copy-file.ts'

const run = promisify(execFile)

/** Copies the files of a base backup into an empty folder, flushed, for the user PostgreSQL runs as. */
export async function copyCluster(from: string, to: string, owner: FileOwner): Promise<void> {
  await run('cp', ['-R', '-P', '--preserve=mode,timestamps', '--reflink=auto', '--', `${from}/.`, to])
  // Only this backup's: the next one makes its own.
  await rm(join(to, 'backup_manifest'), { force: true })
  await give(to, owner)
  await chmod(to, 0o700)
  await run('sync', ['-f', to])
}

async function give(path: string, owner: FileOwner): Promise<void> {
  if (owner.uid === undefined || owner.gid === undefined) return
  await chown(path, owner.uid, owner.gid)
  if (!(await lstat(path)).isDirectory()) return
  for await (const { name } of await opendir(path)) await give(join(path, name), owner)
}
