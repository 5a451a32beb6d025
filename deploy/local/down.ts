import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { endWithAdvice } from './end-with-advice.ts'
import { foldersOf } from './folders.ts'
import { withLock } from './lock.ts'
import { say } from './say.ts'
import { stopServers } from './stop-servers.ts'

await endWithAdvice(async () => {
  const mine = foldersOf()
  for (const folders of [mine, foldersOf(join(mine.base, 'test'))]) {
    if (!existsSync(folders.base)) continue
    const stopped = await withLock(folders.lock, () => stopServers(folders), say)
    say(`${folders.base}: ${stopped.length > 0 ? `stopped ${stopped.join(', ')}` : 'nothing was running'}`)
  }
})
