import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { PROJECT } from '../../deploy/local/folders.ts'
import { processEnvironment } from '../../libs/runtime/index.ts'

/** A process that passes a point three times and counts aloud. */
const PROGRAM = `
  const { crashPoint } = await import(${JSON.stringify(join(PROJECT, 'libs/runtime/crash-point.ts'))})
  const { writeSync } = await import('node:fs')
  for (let i = 1; i <= 3; i++) {
    writeSync(1, String(i))
    crashPoint('step-one')
  }`

function pass(settings: Record<string, string | undefined>) {
  const env = { ...processEnvironment(), NODE_ENV: 'test', LIENTHONG_CRASH_AT: undefined, ...settings }
  const { stdout, stderr, signal, status } = spawnSync(
    process.execPath,
    ['--import=tsx', '--input-type=module', '--eval', PROGRAM],
    { cwd: PROJECT, env: env as NodeJS.ProcessEnv, encoding: 'utf8' },
  )
  return { stdout, stderr, signal, status }
}

t.test('kills its process at the passing that was asked for, and says where', async (t) => {
  t.match(pass({ LIENTHONG_CRASH_AT: 'step-one' }), {
    stdout: '1',
    signal: 'SIGKILL',
    stderr: 'crash point step-one\n',
  })
  t.match(pass({ LIENTHONG_CRASH_AT: 'step-one:3' }), { stdout: '123', signal: 'SIGKILL' })
})

t.test('does nothing at another point, and nothing outside of tests', async (t) => {
  t.match(pass({ LIENTHONG_CRASH_AT: 'step-two' }), { stdout: '123', status: 0, stderr: '' })
  t.match(pass({ LIENTHONG_CRASH_AT: 'step-one', NODE_ENV: 'production' }), { stdout: '123', status: 0, stderr: '' })
  t.match(pass({ LIENTHONG_CRASH_AT: 'step-one', NODE_ENV: undefined }), { stdout: '123', status: 0, stderr: '' })
})
