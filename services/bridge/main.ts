import { runService } from '../../libs/runtime/index.ts'
import { bridgeService } from './service.ts'

await runService(bridgeService)
