import { BusError } from '../errors/index.ts'
import { type Contact, type Queryable, updateContact } from '../store/index.ts'
import { badField, checkOptionalText, MAX_NAME } from './check-fields.ts'
import { contactAddress } from './contact-address.ts'
import { guardWrite } from './guard-write.ts'

/** Whom an agency or a system wants notices to go to. An empty text takes a field away; what is left out stays. */
export interface ContactChange {
  /** Name of the post or unit, never of a person. */
  readonly post?: string
  /** One address, as RFC 5321 4.1.2 has it without quotes. */
  readonly mail?: string
  /** One number that takes short messages. */
  readonly phone?: string
}

/**
 * Changes a contact; unlike a directory file it may hold only what notices can be sent to. Answers the whole contact.
 * @throws BusError LT_REG_BAD_FIELD, LT_REG_UNKNOWN_AGENCY, LT_REG_UNKNOWN_SYSTEM
 */
export function changeContact(
  database: Queryable,
  owner: { readonly kind: 'agency' | 'system'; readonly code: string },
  { post, mail, phone }: ContactChange,
): Promise<Contact> {
  return guardWrite(async () => {
    const given = Object.entries({ post, email: mail, telephone: phone }).filter(([, text]) => text !== undefined)
    const changes = Object.fromEntries(given.map(([field, text]) => [field, checkOptionalText(field, text, MAX_NAME)]))
    const usable = contactAddress({ email: mail ?? '', telephone: phone ?? '' })
    if (changes.email && !usable.mail) throw badField('email', mail)
    if (changes.telephone && !usable.phone) throw badField('telephone', phone)
    const contact = await updateContact(database, owner, changes)
    if (contact) return contact
    const { kind, code } = owner
    if (kind === 'agency') throw new BusError('LT_REG_UNKNOWN_AGENCY', { code: code.slice(0, 64) })
    throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: code.slice(0, 64) })
  })
}
