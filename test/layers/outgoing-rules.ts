import type { SourceFile } from './source-tree.ts'

/** Calls made by agencies' own programs with our client library, and the demonstration's look whether an axis answers on this machine. */
const OTHERS_CALLS = /^libs\/(?:http|client)\/|^services\/cli\/demo\/|^services\/console\/web\//
const CALLS = /(?<![.\w])fetch\(|import \{[^}]*\b(?:request|get)\b[^}]*\} from 'node:https?'/

/** Places from which the axis would call others past the one client (`openOutgoing`), whose networks and times are bounded. */
export function outgoingViolations(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => /^(?:libs|services)\/.*\.ts$/.test(path) && !OTHERS_CALLS.test(path))
    .filter(({ text }) => CALLS.test(text))
    .map(({ path }) => `${path} calls out by itself: use openOutgoing of libs/http`)
}
