import { processEnvironment } from '../../libs/runtime/index.ts'
import { claimListenPorts } from './claim-listen-ports.ts'
import { endWithAdvice } from './end-with-advice.ts'
import { writeEnvFiles } from './env-files.ts'
import { foldersOf, makeFolders } from './folders.ts'
import { DEMO_PROGRAMS, installPrograms } from './install-programs.ts'
import { withLock } from './lock.ts'
import { nameOperator } from './name-operator.ts'
import { printNextSteps } from './print-next-steps.ts'
import { say } from './say.ts'
import { chosenServers, startServers, wantedPrograms } from './start-servers.ts'

await endWithAdvice(async () => {
  const folders = foldersOf()
  makeFolders(folders)
  const up = async (): Promise<void> => {
    const chosen = chosenServers(processEnvironment())
    installPrograms([...wantedPrograms(chosen), ...DEMO_PROGRAMS], say)
    const state = await startServers(folders, chosen, say)
    await claimListenPorts(state, folders, say)
    writeEnvFiles(state, folders, chosen)
    say(`servers are up; settings per service: ${folders.env}`)
    await nameOperator(folders)
    await printNextSteps(folders, say)
  }
  await withLock(folders.lock, up, say)
})
