import { runService } from '../../libs/runtime/index.ts'
import { auditService } from './service.ts'

await runService(auditService)
