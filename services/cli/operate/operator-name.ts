import { userInfo } from 'node:os'
import type { Call } from '../command.ts'
import { UsageError } from '../command.ts'

/** How access keys begin: what stands in a log must never be one. */
const KEY = /lto_/

/**
 * Who acts, for the audit entry: `--by`, LIENTHONG_BY, or the user of this machine. At most 100 characters.
 * @throws UsageError where an access key stands in place of the name
 */
export function operatorName({ values, environment, output }: Pick<Call, 'values' | 'environment' | 'output'>): string {
  const name = (values.by ?? environment.LIENTHONG_BY ?? userInfo().username).trim().slice(0, 100)
  if (KEY.test(name)) throw new UsageError(output.t('usage.keyAsName'))
  return name
}
