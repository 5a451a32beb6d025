import { runService } from '../../libs/runtime/index.ts'
import { deliveryService } from './service.ts'

await runService(deliveryService)
