/**
 * A name as people type it when they search: no accents (đ → d), lower case, letters and digits only, one space between
 * words. `Sở Thông tin và Truyền thông` → `so thong tin va truyen thong`.
 */
export function foldName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('đ', 'd')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
}
