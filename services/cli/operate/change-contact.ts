import { changeContact } from '../../../libs/registry/index.ts'
import { type Call, UsageError } from '../command.ts'
import { argument } from '../command-line.ts'
import { changeRegistry } from './change-registry.ts'

/** Options of `contact`. */
export const CONTACT_OPTIONS = {
  post: { type: 'string' },
  mail: { type: 'string' },
  phone: { type: 'string' },
} as const

/** `agency contact CODE [--post NAME --mail ADDRESS --phone NUMBER]`: whom notices go to; an empty text takes a field away. */
export const setAgencyContact = (call: Call): Promise<void> => setContact(call, 'agency')

/** `system contact CODE`, likewise, for the agencies that have none of their own */
export const setSystemContact = (call: Call): Promise<void> => setContact(call, 'system')

async function setContact(call: Call, kind: 'agency' | 'system'): Promise<void> {
  const { output, values } = call
  const code = argument(call, 1, 'CODE')
  const names = Object.keys(CONTACT_OPTIONS) as (keyof typeof CONTACT_OPTIONS)[]
  const changes = Object.fromEntries(
    names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  )
  if (Object.keys(changes).length === 0)
    throw new UsageError(output.t('usage.missing', { what: names.map((name) => `--${name}`).join(' | ') }))
  const contact = await changeRegistry(
    call,
    (client) => changeContact(client, { kind, code }, changes),
    () => ({ [kind]: code, change: 'contact', ...changes }),
  )
  const { post = '', email = '', telephone = '' } = contact
  output.result({ code, contact }, [output.t('contact.changed', { code, post, mail: email, phone: telephone })])
}
