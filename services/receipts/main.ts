import { runService } from '../../libs/runtime/index.ts'
import { receiptsService } from './service.ts'

await runService(receiptsService)
