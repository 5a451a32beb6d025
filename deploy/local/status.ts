import { endWithAdvice } from './end-with-advice.ts'
import { foldersOf } from './folders.ts'
import { isAlive } from './process-identity.ts'
import { say } from './say.ts'
import { readState, SERVERS } from './state.ts'

await endWithAdvice(async () => {
  const state = readState(foldersOf().state)
  for (const name of SERVERS) {
    const running = isAlive(state?.processes[name])
    say(
      `${name.padEnd(9)} ${running ? `127.0.0.1:${state?.ports[name]} (pid ${state?.processes[name]?.pid})` : 'not running'}`,
    )
    if (!running) process.exitCode = 1
  }
})
