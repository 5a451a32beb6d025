import type { BusinessAction } from '../../../libs/model/index.ts'
import type { Call } from '../command.ts'
import { UsageError } from '../command.ts'
import { listed, required } from '../command-line.ts'

/** What a document does to one sent before; without any of them it is a new one. */
export const BUSINESS_OPTIONS = {
  recall: { type: 'string' },
  update: { type: 'string' },
  replace: { type: 'string', multiple: true },
  reason: { type: 'string' },
  add: { type: 'string', multiple: true },
  remove: { type: 'string', multiple: true },
  paper: { type: 'boolean' },
} as const

/**
 * `--recall DOC`, `--update DOC [--add AGENCY --remove AGENCY]` or `--replace DOC …`, each with `--reason TEXT`; DOC is a document id.
 * @throws UsageError naming what is missing or excludes the rest
 */
export function readBusiness(call: Call, recipients: readonly { readonly code: string }[]): BusinessAction {
  const { output, values, flags } = call
  const replaced = call.lists.replace ?? []
  const chosen = [values.recall && 'recall', values.update && 'update', replaced.length > 0 && 'replace']
  const [type = 'new', another] = chosen.filter((each): each is Exclude<BusinessAction['type'], 'new'> => !!each)
  if (another)
    throw new UsageError(output.t('usage.choice', { what: 'send', choices: '--recall, --update, --replace' }))
  const receivers = [
    ...listed(call, 'add').map((agency) => ({ agency, change: 'added' as const })),
    ...listed(call, 'remove').map((agency) => ({ agency, change: 'removed' as const })),
  ]
  if (receivers.length > 0 && type !== 'update') throw new UsageError(output.t('usage.missing', { what: '--update' }))
  const target = values.recall ?? values.update
  return {
    type,
    paper: flags.paper ?? false,
    ...(type === 'new' ? {} : { reason: required(call, 'reason') }),
    ...(target === undefined ? {} : { targetDocumentId: target }),
    // With files the document itself changes.
    ...(type === 'update' ? { changesDocument: call.names.length > 0, changesReceivers: receivers.length > 0 } : {}),
    receivers,
    replaces: replaced.map((documentId) => ({ documentId, agencies: recipients.map(({ code }) => code) })),
  }
}
