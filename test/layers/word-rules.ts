import type { SourceFile } from './source-tree.ts'

/** Words of the exchange formats. Inside the house we use our own. */
const WIRE_NAMES = /Bussiness|OrganId|OrganName|OrganAdd|OrganInCharge|PromulgationInfo|XroadVnpt/
/**
 * Where they are at home. Error texts tell a sender which element of its packet to mend, and tests write packets;
 * READMEs explain.
 */
const WIRE_HOMES = /^(?:libs\/envelope\/|libs\/vxp\/|services\/gateway\/vxp\/|schemas\/|libs\/errors\/|test\/)|\.md$/

/** Paths that exist on one machine only. The second may stand in the one script that looks for outside vectors there. */
const WORKPLACE = [/(?:^|[\s'"`(=:])\/(?:work|Users|home\/[a-z]+)\//m, /\.\.\/shared\b/]
const VECTOR_SCRIPT = '.ci/run'

/** Wire names away from home. */
export function wireNameViolations(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => /^(?:libs|services|deploy)\//.test(path) && !WIRE_HOMES.test(path))
    .flatMap(({ path, text }) => {
      const found = WIRE_NAMES.exec(text)
      return found ? [`${path} says ${found[0]}`] : []
    })
}

/** Words that only mean something where the files were written. */
export function workplaceViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const patterns = path === VECTOR_SCRIPT ? WORKPLACE.slice(0, 1) : WORKPLACE
    const found = patterns.map((pattern) => pattern.exec(text)?.[0]).find((match) => match !== undefined)
    return found === undefined ? [] : [`${path} says ${found.trim()}`]
  })
}

/** Failures that are swallowed. */
export function emptyCatchViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, emptyCatches }) => emptyCatches.map((line) => `${path}:${line} swallows a failure`))
}
