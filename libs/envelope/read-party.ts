import type { DocumentLink, Party } from '../model/index.ts'
import type { Branch } from './read-branch.ts'
import { given, type Reading } from './reading.ts'

/** From, To: an agency by its code (QCVN 102:2016, 1.1 and 1.2). */
export function readParty(reading: Reading, party: Branch): Party {
  const code = reading.text(party, 'OrganId') ?? ''
  if (code.includes('#')) reading.warn('ENV_CODE_SUFFIX', { value: code })
  return {
    code,
    ...given('name', reading.text(party, 'OrganName')),
    ...given('inCharge', reading.text(party, 'OrganizationInCharge')),
    ...given('address', reading.text(party, 'OrganAdd')),
    ...given('email', reading.text(party, 'Email')),
    ...given('telephone', reading.text(party, 'Telephone')),
    ...given('fax', reading.text(party, 'Fax')),
    ...given('website', reading.text(party, 'Website')),
  }
}

/** ResponseFor: the document answered (1.12). */
export function readDocumentLink(reading: Reading, link: Branch): DocumentLink {
  return {
    agency: reading.text(link, 'OrganId') ?? '',
    code: reading.text(link, 'Code') ?? '',
    ...given('documentId', reading.text(link, 'DocumentId')),
    ...given('promulgationDate', reading.date(link, 'PromulgationDate')),
  }
}
