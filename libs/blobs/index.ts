export type { OrphanSearch } from './find-orphans.ts'
export { type BlobStore, type BlobStoreOptions, openBlobStore } from './open-blob-store.ts'
export type { ByteRange } from './read-range.ts'
export type { StagedBlob, StagedDigest, StoredBlob } from './staged-blob.ts'
