import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PROJECT } from '../deploy/local/folders.ts'
import { clusterIsRunning, sharedCluster, stopSharedCluster } from './harness/shared-cluster.ts'
import { DEFECTS, type Defect } from './sabotage.ts'

// Runs each planted defect against the test that must notice it. A defect nobody notices is a failure, and so is a test
// that dies without saying what is wrong: red has to mean a failed assertion.
const SIDE_BY_SIDE = 2
const TIMEOUT_MS = 120_000
/** The test says aloud that this machine forbids what it needs. */
const SKIPPED = 'skipped here'
/** How a driver that is no tap test ends. */
const LAST_LINE = /(?:^|\n)lost \d+ \w+ \d+ \w+ \d+\n$/

/** Files, folders or names of defects on the command line; all unless told. `VERBOSE=1`: what was said, where it was not noticed. */
const only = process.argv.slice(2)
const waiting = DEFECTS.filter(
  ({ file, name }) => only.length === 0 || only.some((path) => file.startsWith(path) || name === path),
)
let [passed, failed] = [0, 0]
const running = clusterIsRunning()
await sharedCluster()
await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work))
if (!running) await stopSharedCluster()
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

async function work(): Promise<void> {
  for (let defect = waiting.shift(); defect; defect = waiting.shift()) {
    const verdict = await plant(defect)
    if (verdict === 'noticed') passed++
    else if (verdict !== SKIPPED) failed++
    process.stdout.write(`${verdict === 'noticed' ? 'ok' : 'not ok'} - ${defect.name}: ${verdict} (${defect.file})\n`)
  }
}

async function plant({ name, file, only, settings, says }: Defect): Promise<string> {
  const env = { ...process.env, NODE_ENV: 'test', LIENTHONG_SABOTAGE: name, TAP_TIMEOUT: '110', TAP_BAIL: '0' }
  const filter = only ? { TAP_GREP: String(only) } : {}
  const child = spawn(process.execPath, ['--import=tsx', file], {
    cwd: PROJECT,
    env: { ...env, ...filter, ...settings },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  clearTimeout(timer)
  if (/^\s+not ok /m.test(output)) return 'noticed'
  if (settings && code === 1 && LAST_LINE.test(output)) {
    const reason = output.split('\n').find((line) => says?.test(line) ?? true)
    if (reason !== undefined) return 'noticed'
    if (process.env.VERBOSE === '1') process.stdout.write(output)
    return 'red for another reason'
  }
  if (/^\s*# SKIPPED: /m.test(output)) return SKIPPED
  return code === 0 ? 'NOT noticed' : 'the test died without a failed assertion'
}
