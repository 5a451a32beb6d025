import type { Contact } from '../store/index.ts'

/** Where the people behind an agency or a system are told something. */
export interface ContactAddress {
  /** One address of RFC 5321 4.1.2 in its plain form: no quotes, no address literal, ASCII. */
  readonly mail?: string
  /** A number that takes short messages, E.164. */
  readonly phone?: string
  /** Name of the post or unit, never of a person. */
  readonly post?: string
}

const MAIL = /^[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,24}$/
const MAX_MAIL = 254
/** Mobile numbers of Vietnam: nine digits after the trunk prefix, the first of them 3, 5, 7, 8 or 9 (plan of Circular 22/2014). */
const MOBILE = /^(?:\+?84|0)([35789]\d{8})$/
const INTERNATIONAL = /^\+[1-9]\d{7,14}$/

/**
 * What of a contact can be used. Directories hold all kinds of texts in these fields (two addresses, a landline, a name): what is
 * not exactly one address or number that takes messages counts as absent.
 */
export function contactAddress(contact: Contact): ContactAddress {
  const mail = contact.email?.trim() ?? ''
  const number = (contact.telephone ?? '').replace(/[\s().-]/g, '')
  const mobile = MOBILE.exec(number)?.[1]
  const phone =
    mobile === undefined
      ? INTERNATIONAL.test(number) && !number.startsWith('+84')
        ? number
        : undefined
      : `+84${mobile}`
  const post = contact.post?.trim()
  return {
    ...(MAIL.test(mail) && mail.length <= MAX_MAIL ? { mail } : {}),
    ...(phone === undefined ? {} : { phone }),
    ...(post ? { post } : {}),
  }
}
