import { type ContactAddress, contactAddress, type Registry } from '../../../libs/registry/index.ts'

/** Whom a notice goes to. */
export interface NoticeContact extends ContactAddress {
  /** Shown in the greeting; absent: the operators. */
  readonly agencyName?: string
}

export type ContactRegistry = Pick<Registry, 'agency' | 'ancestors' | 'details' | 'receivingSystem'>

/** Looks contacts up, each agency once: one batch asks for the same few again and again. */
export interface ContactFinder {
  /** The agency's own contact, else that of the system which receives for it, else the operators. */
  ofAgency(code: string): Promise<NoticeContact>
  /** The nearest level above that has a contact, else the operators (escalation). */
  aboveAgency(code: string): Promise<NoticeContact>
  readonly operators: NoticeContact
  nameOf(code: string): string
}

/** @param operatorMail address of the operators, where there is one */
export function createContactFinder(registry: ContactRegistry, operatorMail: string | undefined): ContactFinder {
  const operators: NoticeContact = operatorMail === undefined ? {} : { mail: operatorMail }
  const known = new Map<string, Promise<NoticeContact | undefined>>()
  const nameOf = (code: string): string => registry.agency(code)?.name ?? code

  async function lookUp(code: string): Promise<NoticeContact | undefined> {
    const own = contactAddress((await registry.details(code))?.contact ?? {})
    return reachable(own) ? { ...own, agencyName: nameOf(code) } : undefined
  }

  function ownContact(code: string): Promise<NoticeContact | undefined> {
    const found = known.get(code) ?? lookUp(code)
    known.set(code, found)
    return found
  }

  return {
    operators,
    nameOf,
    async ofAgency(code) {
      const own = await ownContact(code)
      if (own) return own
      const system = contactAddress(registry.receivingSystem(code)?.system.contact ?? {})
      return { ...(reachable(system) ? system : operators), agencyName: nameOf(code) }
    },
    async aboveAgency(code) {
      for (const { code: above } of registry.ancestors(code)) {
        const contact = await ownContact(above)
        if (contact) return contact
      }
      return operators
    },
  }
}

const reachable = ({ mail, phone }: ContactAddress): boolean => mail !== undefined || phone !== undefined
