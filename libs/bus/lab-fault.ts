import { sabotaged } from '../runtime/index.ts'

/** Of all publications so many meet the fault: enough to happen often, few enough that most work comes through. */
const SHARE = 0.3

/**
 * Whether this publication meets a fault of the laboratory (`make test-crash`): `lab-drop` loses it on the way, `lab-double` sends it
 * twice; beside them `lab-bare` takes the message id, and with it the server's deduplication, from every one. Never outside of tests.
 */
export function labFault(name: 'lab-drop' | 'lab-double'): boolean {
  return sabotaged(name) && Math.random() < SHARE
}
