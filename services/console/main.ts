import { runService } from '../../libs/runtime/index.ts'
import { consoleService } from './service.ts'

await runService(consoleService)
