import { runService } from '../../libs/runtime/index.ts'
import { gatewayService } from './service.ts'

await runService(gatewayService)
