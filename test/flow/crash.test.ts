import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PROJECT } from '../../deploy/local/folders.ts'
import { processEnvironment } from '../../libs/runtime/index.ts'
import { POINTS } from '../crash/points.ts'
import { runDriver } from '../harness/run-driver.ts'

// A machine that does other things as well needs its time.
t.setTimeout(400_000)

t.test('a short crash run: nothing lost, nothing doubled, nothing stuck', async (t) => {
  const own = { SMALL: '1', ROUNDS: '6', POINTS: 'gateway-committed,routing-committed,delivery-posted,receipts-read' }
  const { code, output } = await runDriver('test/crash/run-crash.ts', {
    ...own,
    SEED: processEnvironment().SEED ?? '20261126',
  })
  t.comment(output.trim().split('\n').slice(0, -1).join('\n'))
  t.equal(output.trim().split('\n').at(-1), 'lost 0 doubled 0 stuck 0', 'last line')
  t.equal(code, 0, 'exit code')
})

t.test('every named point stands in the table and in the code, once', async (t) => {
  const named = sources().flatMap(({ path, text }) =>
    [...text.matchAll(/crashPoint\('([^']+)'\)/g)].map(([, name]) => ({ name, path })),
  )
  t.same(named.map(({ name }) => name).toSorted(), POINTS.map(({ name }) => name).toSorted())
  for (const { name, path } of named)
    t.match(path, `services/${POINTS.find((point) => point.name === name)?.service}/`, `${name} is of this service`)
})

function sources(): { path: string; text: string }[] {
  return (
    readdirSync(join(PROJECT, 'services'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
      .map((entry) => join(entry.parentPath, entry.name))
      // The bridge is no stage: its points are visited by its own test.
      .filter((path) => !path.includes('/services/bridge/'))
      .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
  )
}
