import { type CatalogueEntry, defineErrors } from '../entry.ts'

type Row = Pick<CatalogueEntry, 'status' | 'actor' | 'retry' | 'vxpCode'>

const RECIPIENT: Row = { status: 422, actor: 'sender', retry: 'after-fix', vxpCode: '18' }
const MISSING: Row = { status: 404, actor: 'axis', retry: 'after-fix', vxpCode: '20' }
const CONFLICT: Row = { status: 409, actor: 'axis', retry: 'after-fix', vxpCode: '20' }
const INPUT: Row = { status: 422, actor: 'axis', retry: 'after-fix', vxpCode: '20' }

/** Errors of the area `LT_REG_…`: who is meant by a code, who receives for it, and changes of the registry itself. */
export const registryErrors = defineErrors({
  LT_REG_MALFORMED_CODE: {
    ...RECIPIENT,
    title: {
      vi: 'Mã định danh “{code}” không đúng cấu trúc nào được quy định.',
      en: 'The identifier code “{code}” has none of the prescribed structures.',
    },
    advice: {
      vi: 'Viết mã theo Quyết định 20/2020/QĐ-TTg (ví dụ H26.01) hoặc QCVN 102:2016 (ví dụ 000.00.01.H26), chữ in hoa, không khoảng trắng.',
      en: 'Write the code as Decision 20/2020 says (as in H26.01) or as QCVN 102:2016 says (as in 000.00.01.H26), in upper case, without blanks.',
    },
  },
  LT_REG_UNKNOWN_CODE: {
    ...RECIPIENT,
    title: {
      vi: 'Không có cơ quan nào mang mã định danh “{code}” trong danh bạ của trục.',
      en: 'No agency in the directory of the axis has the identifier code “{code}”.',
    },
    advice: {
      vi: 'Tra lại mã trong danh bạ của trục; nếu cơ quan mới được cấp mã, đề nghị cơ quan đó đăng ký.',
      en: 'Look the code up in the directory of the axis; if the agency is new, it has to be registered first.',
    },
  },
  LT_REG_CLOSED_CODE: {
    ...RECIPIENT,
    title: {
      vi: 'Mã định danh “{code}” đã đóng từ ngày {closedOn}; mã kế thừa: {successor}.',
      en: 'The identifier code “{code}” was closed on {closedOn}; successor: {successor}.',
    },
    advice: {
      vi: 'Gửi lại cho mã kế thừa, hoặc tra danh bạ để tìm cơ quan tiếp nhận nhiệm vụ.',
      en: 'Send to the successor, or look up in the directory which agency took the duties over.',
    },
  },
  LT_REG_RECIPIENT_TWICE: {
    ...RECIPIENT,
    title: {
      vi: 'Nơi nhận “{code}” được ghi nhiều lần trong cùng một gói tin.',
      en: 'The recipient “{code}” stands more than once in the same packet.',
    },
    advice: { vi: 'Chỉ ghi mỗi nơi nhận một lần.', en: 'Name each recipient once.' },
  },
  LT_REG_NO_SYSTEM: {
    ...RECIPIENT,
    title: {
      vi: 'Chưa có hệ thống nào nhận văn bản cho cơ quan “{code}”.',
      en: 'No connected system receives documents for the agency “{code}”.',
    },
    advice: {
      vi: 'Gửi văn bản bằng cách khác và đề nghị cơ quan nhận kết nối với trục.',
      en: 'Send the document another way and ask the receiver to connect to the axis.',
    },
  },
  LT_REG_UNKNOWN_SYSTEM: {
    ...MISSING,
    title: { vi: 'Không có hệ thống “{system}” trong danh bạ.', en: 'There is no system “{system}” in the registry.' },
    advice: { vi: 'Đăng ký hệ thống trước, hoặc kiểm tra lại mã.', en: 'Add the system first, or check its code.' },
  },
  LT_REG_UNKNOWN_AGENCY: {
    ...MISSING,
    title: { vi: 'Không có cơ quan “{code}” trong danh bạ.', en: 'There is no agency “{code}” in the registry.' },
    advice: { vi: 'Thêm cơ quan trước, hoặc kiểm tra lại mã.', en: 'Add the agency first, or check the code.' },
  },
  LT_REG_UNKNOWN_CREDENTIAL: {
    ...MISSING,
    title: {
      vi: 'Không có chứng thư hoặc khóa “{id}” trong danh bạ.',
      en: 'There is no certificate or key “{id}” in the registry.',
    },
    advice: { vi: 'Kiểm tra lại dấu vân tay hoặc mã khóa.', en: 'Check the fingerprint or key id.' },
  },
  LT_REG_CODE_TAKEN: {
    ...CONFLICT,
    title: {
      vi: 'Mã “{code}” đã chỉ cơ quan hoặc hệ thống “{owner}”.',
      en: 'The code “{code}” already means “{owner}”.',
    },
    advice: {
      vi: 'Một cơ quan chỉ có một mã chính: khai mã còn lại là bí danh, hoặc chọn mã khác.',
      en: 'An agency has one canonical code: declare the other as its alias, or choose another code.',
    },
  },
  LT_REG_CREDENTIAL_TAKEN: {
    ...CONFLICT,
    title: {
      vi: 'Chứng thư hoặc khóa “{id}” đã được đăng ký với nội dung hoặc chủ khác.',
      en: 'The certificate or key “{id}” is registered with other content or for another owner.',
    },
    advice: {
      vi: 'Dùng chứng thư hoặc mã khóa riêng cho từng chủ và từng mục đích.',
      en: 'Use a certificate or key id of its own for each owner and purpose.',
    },
  },
  LT_REG_BAD_FIELD: {
    ...INPUT,
    title: {
      vi: 'Trường “{field}” có giá trị không hợp lệ: “{value}”.',
      en: 'The field “{field}” has a value that is not allowed: “{value}”.',
    },
    advice: {
      vi: 'Sửa giá trị theo mô tả của trường rồi làm lại.',
      en: 'Correct the value as the field requires and repeat.',
    },
  },
  LT_REG_BAD_CERTIFICATE: {
    ...INPUT,
    title: { vi: 'Không đọc được chứng thư.', en: 'The certificate cannot be read.' },
    advice: {
      vi: 'Đưa vào một chứng thư X.509 duy nhất ở dạng PEM.',
      en: 'Give exactly one X.509 certificate in PEM form.',
    },
  },
  LT_REG_BAD_KEY: {
    ...INPUT,
    title: {
      vi: 'Khóa công khai không dùng được: {reason}.',
      en: 'The public key cannot be used: {reason}.',
    },
    advice: {
      vi: 'Đưa vào khóa công khai dạng JWK: EC P-256/P-384, Ed25519 hoặc RSA từ 2048 bit, không kèm phần bí mật.',
      en: 'Give a public JWK: EC P-256/P-384, Ed25519, or RSA of 2048 bits or more, without its private members.',
    },
  },
  LT_REG_IMPORT_UNREADABLE: {
    ...INPUT,
    title: {
      vi: 'Không đọc được tệp danh bạ ở dòng {line}: {reason}.',
      en: 'The directory file cannot be read at line {line}: {reason}.',
    },
    advice: {
      vi: 'Lưu tệp theo UTF-8, đúng RFC 4180 (CSV) hoặc một mảng JSON các cơ quan, rồi nhập lại.',
      en: 'Save the file as UTF-8, as RFC 4180 says (CSV) or as one JSON array of agencies, and import again.',
    },
  },
})
