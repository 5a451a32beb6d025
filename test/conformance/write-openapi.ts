import { writeFileSync } from 'node:fs'
import { describeApi, OPENAPI_FILE } from './describe-api.ts'

writeFileSync(OPENAPI_FILE, await describeApi())
