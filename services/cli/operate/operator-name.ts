import { userInfo } from 'node:os'
import type { Call } from '../command.ts'

/** Who acts, for the audit entry: `--by`, LIENTHONG_OPERATOR, or the user of this machine. At most 100 characters. */
export function operatorName({ values, environment }: Pick<Call, 'values' | 'environment'>): string {
  return (values.by ?? environment.LIENTHONG_OPERATOR ?? userInfo().username).trim().slice(0, 100)
}
