import type { Bilingual } from '../errors/index.ts'

/**
 * Everything the reader and the attachment checks tolerate and tell the sender about: what a warning code means.
 * `{name}` marks a parameter of the warning.
 */
export const ENVELOPE_WARNINGS = {
  ENV_PREFIX_UNDECLARED: {
    vi: 'Gói tin dùng tiền tố {prefixes} mà không khai báo; trục đã tự gắn nên chữ ký không kiểm chứng được.',
    en: 'The packet uses {prefixes} without declaring it; the axis bound it, so a signature cannot be verified.',
  },
  ENV_NAMESPACE_OTHER: {
    vi: 'Phần tử {element} thuộc không gian tên "{namespace}", khác với phong bì.',
    en: 'The element {element} is in the namespace "{namespace}", another one than the envelope.',
  },
  ENV_DIALECT_OLD: {
    vi: 'Gói tin theo dạng edXML cũ {dialect}.',
    en: 'The packet is in the old edXML form {dialect}.',
  },
  ENV_ELEMENT_TWICE: {
    vi: 'Phần tử {element} được ghi nhiều lần với cùng nội dung.',
    en: 'The element {element} is written more than once with the same content.',
  },
  ENV_BUSINESS_DOCUMENT_ID_TWICE: {
    vi: 'Bussiness có hai DocumentId; trục dùng giá trị đầu tiên.',
    en: 'Bussiness holds two DocumentId; the axis uses the first.',
  },
  ENV_OLD_NAME: {
    vi: 'Phần tử {written} được ghi thay cho {expected}.',
    en: 'The element {written} is written in place of {expected}.',
  },
  ENV_DOCUMENT_TYPE_TEXT: {
    vi: 'DocumentType là chữ thay vì nhóm Type, TypeDetail, TypeName.',
    en: 'DocumentType is plain text in place of the group Type, TypeDetail, TypeName.',
  },
  ENV_FILLER: {
    vi: 'Phần tử {element} chứa chữ lấp chỗ "{value}", được coi như trống.',
    en: 'The element {element} holds the filler "{value}", taken as empty.',
  },
  ENV_DATE_FORM: {
    vi: 'Ngày "{value}" của {element} không ở dạng yyyy/MM/dd.',
    en: 'The date "{value}" of {element} is not written as yyyy/MM/dd.',
  },
  ENV_DATE_UNREADABLE: {
    vi: 'Ngày "{value}" của {element} không đọc được, được coi như trống.',
    en: 'The date "{value}" of {element} cannot be read and is taken as empty.',
  },
  ENV_TIMESTAMP_UNREADABLE: {
    vi: 'Thời điểm "{value}" không ở dạng yyyy/MM/dd HH:mm:ss.',
    en: 'The time "{value}" is not written as yyyy/MM/dd HH:mm:ss.',
  },
  ENV_BUSINESS_MISSING: {
    vi: 'Gói tin không có loại nghiệp vụ; được coi là văn bản mới.',
    en: 'The packet gives no business type and is taken as a new document.',
  },
  ENV_REPLY_EMPTY: { vi: 'Gói tin có phần tử ResponseFor trống.', en: 'The packet holds an empty ResponseFor.' },
  ENV_CODE_SUFFIX: {
    vi: 'Mã định danh "{value}" có phần đuôi sau dấu #, phần này bị bỏ qua.',
    en: 'The identifier code "{value}" has a tail after "#", which is passed over.',
  },
  ENV_STATUS_CODE_FORM: {
    vi: 'Mã trạng thái "{value}" được hiểu là {code}.',
    en: 'The status code "{value}" is understood as {code}.',
  },
  ENV_STATUS_ROOT: {
    vi: 'Gói trạng thái dùng phần tử Status thay cho MessageHeader.',
    en: 'The status packet uses Status in place of MessageHeader.',
  },
  ENV_STEERING_TYPE_TEXT: {
    vi: 'SteeringType "{value}" không phải số.',
    en: 'SteeringType "{value}" is not a number.',
  },
  ENV_CONTENT_ID_MISSING: {
    vi: 'Tệp đính kèm thứ {position} trong danh mục không có ContentId.',
    en: 'Attachment {position} of the manifest has no ContentId.',
  },
  ENV_CONTENT_ID_TWICE: {
    vi: 'ContentId {contentId} được dùng nhiều lần; trục đánh số thêm.',
    en: 'ContentId {contentId} is used more than once; the axis numbers the further ones.',
  },
  ENV_MANIFEST_MISSING: {
    vi: 'Gói tin có tệp đính kèm nhưng không có danh mục edXMLManifest.',
    en: 'The packet has attachments but no edXMLManifest.',
  },
  ATT_MATCHED_BY_NAME: {
    vi: 'Tệp "{name}" được ghép với danh mục theo tên vì ContentId không khớp.',
    en: 'Attachment "{name}" was matched to the manifest by name, its ContentId does not fit.',
  },
  ATT_MATCHED_BY_ORDER: {
    vi: 'Tệp "{name}" được ghép với danh mục theo thứ tự vì ContentId và tên không khớp.',
    en: 'Attachment "{name}" was matched to the manifest by order, neither its ContentId nor its name fits.',
  },
  ATT_TYPE_MISMATCH: {
    vi: 'Tệp "{name}" khai là {declared} nhưng nội dung là {found}.',
    en: 'Attachment "{name}" is declared as {declared}, but its bytes are {found}.',
  },
  ATT_UTF8_DAMAGED: {
    vi: 'Tệp PDF "{name}" đã hỏng do từng bị đọc như văn bản UTF-8; hãy yêu cầu gửi lại bản gốc.',
    en: 'The PDF "{name}" was damaged by being read as UTF-8 text; ask for the original.',
  },
  ATT_ZIP_UNCHECKED: {
    vi: 'Tệp nén "{name}" dùng kiểu nén mà trục không mở được nên không kiểm tra được bên trong.',
    en: 'The zip "{name}" is compressed in a way the axis does not read, so what is inside cannot be checked.',
  },
  ATT_ENCRYPTED: {
    vi: 'Tệp nén "{name}" có mật khẩu nên không kiểm tra được bên trong.',
    en: 'The zip "{name}" has a password, so what is inside cannot be checked.',
  },
} as const satisfies Record<string, Bilingual>

export type WarningCode = keyof typeof ENVELOPE_WARNINGS
