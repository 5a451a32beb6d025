import type { AgencyCode } from '../model/index.ts'
import type { Directory } from './directory.ts'
import { type ReceivingSystem, receivingSystem } from './receiving-system.ts'
import { type RegistryProblem, type ResolveOptions, resolveCode } from './resolve-code.ts'

/** One agency that shall receive, whatever number of spellings named it. */
export interface Recipient {
  readonly agencyCode: AgencyCode
  /** The distinct spellings of the packet, in its order. */
  readonly asWritten: readonly string[]
  readonly receiving: ReceivingSystem
}

export interface RecipientResolution {
  /** In the order of the packet. Meant to be used only when there are no problems. */
  readonly recipients: readonly Recipient[]
  /** What was put up with: LT_REG_RECIPIENT_TWICE. */
  readonly warnings: readonly RegistryProblem[]
  /** Everything that is wrong, not just the first: unknown, malformed, closed, twice, nobody receives. */
  readonly problems: readonly RegistryProblem[]
}

/**
 * Turns the recipients of a packet into agencies. Two spellings of one agency (old and new code) are one recipient; the very
 * same code twice is refused, or, when tolerant, merged with a warning.
 */
export function resolveRecipients(
  directory: Directory,
  parties: readonly { readonly code: string }[],
  options: ResolveOptions,
  today: string,
): RecipientResolution {
  const recipients = new Map<AgencyCode, { agencyCode: AgencyCode; asWritten: string[]; receiving: ReceivingSystem }>()
  const seen = new Set<string>()
  const warnings: RegistryProblem[] = []
  const problems: RegistryProblem[] = []
  for (const { code } of parties) {
    if (seen.has(code)) {
      const twice: RegistryProblem = { code: 'LT_REG_RECIPIENT_TWICE', params: { code: code.slice(0, 64) } }
      ;(options.tolerant ? warnings : problems).push(twice)
      continue
    }
    seen.add(code)
    const resolution = resolveCode(directory, code, options, today)
    if (!resolution.ok) {
      problems.push(resolution.problem)
      continue
    }
    const { agencyCode } = resolution
    const known = recipients.get(agencyCode)
    if (known) {
      known.asWritten.push(code)
      continue
    }
    const receiving = receivingSystem(directory, agencyCode)
    if (receiving) recipients.set(agencyCode, { agencyCode, asWritten: [code], receiving })
    else problems.push({ code: 'LT_REG_NO_SYSTEM', params: { code } })
  }
  return { recipients: [...recipients.values()], warnings, problems }
}
