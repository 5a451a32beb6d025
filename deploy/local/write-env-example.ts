import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { envExample } from './env-example.ts'
import { PROJECT } from './folders.ts'
import { serviceSettings } from './service-settings.ts'

writeFileSync(join(PROJECT, 'deploy/env.example'), envExample(await serviceSettings()))
