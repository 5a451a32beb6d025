import { processEnvironment } from '../../libs/runtime/index.ts'
import { endWithAdvice } from './end-with-advice.ts'
import { writeEnvFiles } from './env-files.ts'
import { foldersOf, makeFolders } from './folders.ts'
import { withLock } from './lock.ts'
import { printNextSteps } from './print-next-steps.ts'
import { say } from './say.ts'
import { chosenServers, startServers } from './start-servers.ts'

await endWithAdvice(async () => {
  const folders = foldersOf()
  makeFolders(folders)
  await withLock(folders.lock, async () => {
    const chosen = chosenServers(processEnvironment())
    const state = await startServers(folders, chosen, say)
    writeEnvFiles(state, folders, chosen)
    say(`servers are up; settings per service: ${folders.env}`)
    await printNextSteps(folders, say)
  })
})
