import { endWithAdvice } from './end-with-advice.ts'
import { installPrograms, SERVER_PROGRAMS, TEST_PROGRAMS } from './install-programs.ts'
import { say } from './say.ts'

await endWithAdvice(async () => {
  installPrograms([...SERVER_PROGRAMS, ...TEST_PROGRAMS], say)
})
