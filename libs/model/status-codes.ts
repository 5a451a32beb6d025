/** Codes of status reports: statements of one agency about another's document (QCVN 102:2016 status packets). */
export const STATUS_CODES = ['01', '02', '03', '04', '05', '06', '13', '15', '16'] as const
export type StatusCode = (typeof STATUS_CODES)[number]

/** Reads a status code as real systems write it: with or without the leading zero; 14 stands for 15 in one client. */
export function readStatusCode(text: string): { code: StatusCode; asWritten: string } | undefined {
  const asWritten = text.trim()
  const padded = asWritten.padStart(2, '0')
  const code = padded === '14' ? '15' : padded
  return (STATUS_CODES as readonly string[]).includes(code) ? { code: code as StatusCode, asWritten } : undefined
}

export const STATUS_NAMES: Readonly<Record<StatusCode, { vi: string; en: string }>> = {
  '01': { vi: 'Đã đến', en: 'Arrived' },
  '02': { vi: 'Từ chối tiếp nhận', en: 'Refused' },
  '03': { vi: 'Đã tiếp nhận', en: 'Accepted and registered' },
  '04': { vi: 'Phân công', en: 'Assigned' },
  '05': { vi: 'Đang xử lý', en: 'In process' },
  '06': { vi: 'Hoàn thành', en: 'Finished' },
  '13': { vi: 'Lấy lại', en: 'Take back' },
  '15': { vi: 'Đồng ý cập nhật/lấy lại', en: 'Agrees to update or take-back' },
  '16': { vi: 'Từ chối cập nhật/lấy lại', en: 'Refuses update or take-back' },
}
