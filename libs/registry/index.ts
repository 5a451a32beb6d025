export { type ContactChange, changeContact } from './change-contact.ts'
export { type AgencyInput, checkAgency } from './check-agency.ts'
export { type ContactAddress, contactAddress } from './contact-address.ts'
export { exportAgencies } from './exchange/export-agencies.ts'
export { type AgencyFormat, type ImportProblem, type ImportReport, importAgencies } from './exchange/import-agencies.ts'
export { type Level1Agency, type Level1List, loadLevel1, readLevel1 } from './exchange/load-level1.ts'
export { openRegistry, type Registry, type RegistryOptions } from './open-registry.ts'
export type { ReceivingSystem } from './receiving-system.ts'
export type { RegistryProblem, Resolution, ResolveOptions } from './resolve-code.ts'
export type { Recipient, RecipientResolution } from './resolve-recipients.ts'
export type { Signer, SignerRelation } from './signer-relation.ts'
export { type AliasInput, addAgency, addAlias, closeAgency, front, withdrawFront } from './write-agency.ts'
export {
  addCertificate,
  addSystemKey,
  type CertificateInput,
  revokeCertificate,
  revokeSystemKey,
  type SystemKeyInput,
} from './write-credential.ts'
export { addSystem, changeSystem, type SystemInput } from './write-system.ts'
