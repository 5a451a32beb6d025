import { parseArgs } from 'node:util'
import { runProcess } from '../../libs/runtime/index.ts'
import { startAll } from './start-all.ts'

const { only } = parseArgs({ options: { only: { type: 'string' } } }).values

await runProcess('all', (signal) => startAll({ signal, ...(only === undefined ? {} : { only: only.split(',') }) }))
