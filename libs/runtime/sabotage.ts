/**
 * Whether a planted defect is switched on: the name stands in LIENTHONG_SABOTAGE (separated by commas) and NODE_ENV is
 * `test`. `make sabotage` proves with it that a test turns red when the thing it guards is broken.
 */
export function sabotaged(name: string): boolean {
  const { NODE_ENV, LIENTHONG_SABOTAGE } = process.env
  return NODE_ENV === 'test' && LIENTHONG_SABOTAGE !== undefined && LIENTHONG_SABOTAGE.split(',').includes(name)
}
