import t from 'tap'
import { runDriver } from '../harness/run-driver.ts'

// A machine that does other things as well needs its time.
t.setTimeout(400_000)

t.test('power lost at random moments of a short run: each answered document is there', async (t) => {
  const { code, output } = await runDriver('test/power/run-power.ts', {
    SEED: '20261126',
    CUTS: '60',
    STARTS: '1',
    DOCUMENTS: '8',
  })
  const lines = output.trim().split('\n')
  t.comment(lines.slice(0, -1).join('\n'))
  t.equal(code, 0, 'exit code')
  if (!output.includes('# SKIPPED: ')) t.equal(lines.at(-1), 'lost 0 cuts 60 started 1', 'last line')
})
