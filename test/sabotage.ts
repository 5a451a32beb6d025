/** A planted defect (`sabotaged(name)` in the code) and the test that must notice it. */
export interface Defect {
  readonly name: string
  readonly file: string
  /** Runs only the tests whose name matches: for files that take long. */
  readonly only?: RegExp
}

/** Every promise has at least one defect here that breaks it. */
export const DEFECTS: readonly Defect[] = []
