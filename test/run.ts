import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from '../deploy/local/folders.ts'
import { clusterIsRunning, sharedCluster, stopSharedCluster, TEST_FOLDERS } from './harness/shared-cluster.ts'
import { tapTotals } from './tap-totals.ts'

// Runs the suite (or the files named) and says in its last line `N passed, N failed`. The whole TAP lies in .local/test/tap.log.
mkdirSync(TEST_FOLDERS.base, { recursive: true })
const log = join(TEST_FOLDERS.base, 'tap.log')
const running = clusterIsRunning()
await sharedCluster()
const output = await runTap(process.argv.slice(2))
if (!running) await stopSharedCluster()
const { passed, failed, skipped } = tapTotals(output.text)
const broken = failed === 0 && output.code !== 0 ? 1 : failed
process.stdout.write(`\n${skipped} skipped; everything: ${log}\n${passed} passed, ${broken} failed\n`)
process.exitCode = broken === 0 ? 0 : 1

async function runTap(files: readonly string[]): Promise<{ text: string; code: number }> {
  const tap = join(PROJECT, 'node_modules/.bin/tap')
  const child = spawn(tap, ['run', '--reporter=tap', ...files], {
    cwd: PROJECT,
    env: { ...process.env, NODE_ENV: 'test' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const file = createWriteStream(log)
  const chunks: string[] = []
  let line = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    chunks.push(chunk)
    file.write(chunk)
    const lines = (line + chunk).split('\n')
    line = lines.pop() ?? ''
    for (const each of lines) if (isWorthSeeing(each)) process.stdout.write(`${each}\n`)
  })
  const [code] = await once(child, 'close')
  file.end()
  return { text: chunks.join(''), code: typeof code === 'number' ? code : 1 }
}

/** One line per file, and whatever failed or was skipped. */
function isWorthSeeing(line: string): boolean {
  return /^(not )?ok /.test(line) || /^\s+not ok /.test(line) || /# SKIP/.test(line)
}
