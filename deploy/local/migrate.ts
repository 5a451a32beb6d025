import { join } from 'node:path'
import { processEnvironment, readEnvFile, readSecret } from '../../libs/runtime/index.ts'
import { migrate } from '../../libs/store/index.ts'
import { endWithAdvice } from './end-with-advice.ts'
import { foldersOf } from './folders.ts'
import { say } from './say.ts'

await endWithAdvice(async () => {
  const given = readSecret(processEnvironment(), 'DATABASE_URL')
  const url = given ?? readEnvFile(join(foldersOf().env, 'owner.env')).DATABASE_URL ?? ''
  const applied = await migrate(url)
  for (const { name, durationMs } of applied) say(`migrated ${name} in ${durationMs} ms`)
  if (applied.length === 0) say('the database is up to date')
})
