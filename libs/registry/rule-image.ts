import { newToOld, oldToNew } from '../model/index.ts'

/** The other spelling the rule gives for a code (QCVN 102:2016 ↔ Decision 20/2020), or `undefined`. */
export const ruleImage = (code: string): string | undefined => oldToNew(code) ?? newToOld(code)
