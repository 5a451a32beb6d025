import { runService } from '../../libs/runtime/index.ts'
import { routingService } from './service.ts'

await runService(routingService)
