import type { Bilingual } from '../errors/index.ts'
import type { WarningCode } from './warnings.ts'

const PREFIXES: Bilingual = {
  vi: 'Khai báo tiền tố ở phần tử gốc: xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016", xmlns:xlink nếu dùng.',
  en: 'Declare the prefix on the root: xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016", xmlns:xlink where used.',
}
const FORM: Bilingual = {
  vi: 'Lập gói tin theo QCVN 102:2016/BTTTT: tên phần tử, không gian tên và thứ tự như trong quy chuẩn.',
  en: 'Write the packet as QCVN 102:2016/BTTTT has it: names, namespace and order of its elements.',
}
const ONCE: Bilingual = {
  vi: 'Ghi mỗi phần tử một lần duy nhất.',
  en: 'Write each element once only.',
}
const EMPTY: Bilingual = {
  vi: 'Bỏ hẳn phần tử không có giá trị, không ghi chữ lấp chỗ hay phần tử trống.',
  en: 'Leave an element without a value out; write no filler and no empty element.',
}
const DATE: Bilingual = {
  vi: 'Ghi ngày theo dạng yyyy/MM/dd, thời điểm theo dạng yyyy/MM/dd HH:mm:ss.',
  en: 'Write dates as yyyy/MM/dd and times as yyyy/MM/dd HH:mm:ss.',
}
const LISTED: Bilingual = {
  vi: 'Ghi mỗi tệp một dòng trong edXMLManifest, ContentId riêng và giống hệt ở tệp đính kèm.',
  en: 'List each file once in edXMLManifest, with a ContentId of its own that its attachment repeats.',
}
const LABEL: Bilingual = {
  vi: 'Khai ContentType và đuôi tên tệp đúng với nội dung thật của tệp.',
  en: 'Give the ContentType and the extension that the bytes really have.',
}
const ZIP: Bilingual = {
  vi: 'Gửi tệp gốc, hoặc nén bằng deflate và không đặt mật khẩu.',
  en: 'Send the file itself, or compress it with deflate and without a password.',
}

/** What a sender changes so that a warning stays away. */
export const WARNING_FIXES: Readonly<Record<WarningCode, Bilingual>> = {
  ENV_PREFIX_UNDECLARED: PREFIXES,
  ENV_NAMESPACE_OTHER: FORM,
  ENV_DIALECT_OLD: FORM,
  ENV_ELEMENT_TWICE: ONCE,
  ENV_BUSINESS_DOCUMENT_ID_TWICE: ONCE,
  ENV_OLD_NAME: FORM,
  ENV_DOCUMENT_TYPE_TEXT: FORM,
  ENV_FILLER: EMPTY,
  ENV_DATE_FORM: DATE,
  ENV_DATE_UNREADABLE: DATE,
  ENV_TIMESTAMP_UNREADABLE: DATE,
  ENV_BUSINESS_MISSING: {
    vi: 'Ghi TraceHeaderList/Bussiness với BussinessDocType: 0 văn bản mới, 1 thu hồi, 2 cập nhật, 3 thay thế.',
    en: 'Write TraceHeaderList/Bussiness with its BussinessDocType: 0 new, 1 recall, 2 update, 3 replacement.',
  },
  ENV_REPLY_EMPTY: EMPTY,
  ENV_CODE_SUFFIX: {
    vi: 'Chỉ ghi mã định danh, không kèm phần đuôi sau dấu #.',
    en: 'Write the identifier code alone, without a tail after "#".',
  },
  ENV_STATUS_CODE_FORM: {
    vi: 'Ghi mã trạng thái hai chữ số: 01 đến 06, 13, 15, 16.',
    en: 'Write the status code with two digits: 01 to 06, 13, 15, 16.',
  },
  ENV_STATUS_ROOT: FORM,
  ENV_STEERING_TYPE_TEXT: {
    vi: 'Ghi SteeringType là một số nguyên, hoặc bỏ phần tử này.',
    en: 'Write SteeringType as a whole number, or leave it out.',
  },
  ENV_CONTENT_ID_MISSING: LISTED,
  ENV_CONTENT_ID_TWICE: LISTED,
  ENV_MANIFEST_MISSING: LISTED,
  ATT_MATCHED_BY_NAME: LISTED,
  ATT_MATCHED_BY_ORDER: LISTED,
  ATT_TYPE_MISMATCH: LABEL,
  ATT_UTF8_DAMAGED: {
    vi: 'Đọc và chuyển tệp như chuỗi byte, không qua bộ giải mã chữ; gửi lại bản gốc.',
    en: 'Read and pass the file on as bytes, never through a text decoder; send the original again.',
  },
  ATT_ZIP_UNCHECKED: ZIP,
  ATT_ENCRYPTED: ZIP,
}
