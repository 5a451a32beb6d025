import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_ENV_…`. */
export const envelopeErrors = defineErrors({
  LT_ENV_MALFORMED: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Gói tin không phải XML hợp lệ (dòng {line}, cột {column}): {detail}.',
      en: 'The packet is not well-formed XML (line {line}, column {column}): {detail}.',
    },
    advice: {
      vi: 'Sửa phần mềm tạo gói tin tại vị trí đã nêu rồi gửi lại.',
      en: 'Correct the software that writes the packet at the place named, then send again.',
    },
  },
  LT_ENV_DTD: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Gói tin chứa khai báo DOCTYPE, điều không được phép.',
      en: 'The packet holds a DOCTYPE declaration, which is not allowed.',
    },
    advice: {
      vi: 'Bỏ khai báo DOCTYPE và mọi thực thể tự định nghĩa rồi gửi lại.',
      en: 'Remove the DOCTYPE and every entity defined in it, then send again.',
    },
  },
  LT_ENV_ENCODING: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Gói tin không được mã hóa bằng UTF-8 ({encoding}).',
      en: 'The packet is not encoded in UTF-8 ({encoding}).',
    },
    advice: {
      vi: 'Ghi gói tin bằng UTF-8 và khai báo encoding="UTF-8" rồi gửi lại.',
      en: 'Write the packet in UTF-8 and declare encoding="UTF-8", then send again.',
    },
  },
  LT_ENV_TOO_LARGE: {
    status: 413,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Phần XML của gói tin vượt quá {limit} byte ({construct}).',
      en: 'The XML of the packet is over {limit} bytes ({construct}).',
    },
    advice: {
      vi: 'Gửi tệp đính kèm tách rời phần phong bì, hoặc giảm dung lượng phần đã nêu.',
      en: 'Send attachments detached from the envelope, or make the part named smaller.',
    },
  },
  LT_ENV_TOO_DEEP: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Các phần tử XML của gói tin lồng nhau quá {limit} tầng.',
      en: 'The XML elements of the packet are nested more than {limit} levels deep.',
    },
    advice: {
      vi: 'Sửa phần mềm tạo gói tin: gói edXML chỉ cần khoảng mười tầng.',
      en: 'Correct the software that writes the packet: an edXML packet needs about ten levels.',
    },
  },
  LT_ENV_TOO_MANY_NODES: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Gói tin có quá nhiều nút XML: {what} vượt quá {limit}.',
      en: 'The packet holds too many XML nodes: {what} over {limit}.',
    },
    advice: {
      vi: 'Chia nhỏ nội dung hoặc chuyển phần danh sách lớn vào tệp đính kèm.',
      en: 'Split the content, or move the long list into an attachment.',
    },
  },
  LT_ENV_JUNK_BEFORE_PROLOG: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Có ký tự lạ trước phần mở đầu XML của gói tin (byte {offset}).',
      en: 'There are stray bytes before the XML prolog of the packet (byte {offset}).',
    },
    advice: {
      vi: 'Bỏ mọi ký tự đứng trước <?xml rồi gửi lại; chỉ BOM và dòng trắng được bỏ qua.',
      en: 'Remove everything before <?xml and send again; only a BOM and blank lines are passed over.',
    },
  },
  LT_ENV_DIALECT_2803: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin theo chuẩn công văn 2803 (SOAP/MIME), trục không nhận dạng này.',
      en: 'The packet is in the "2803" form (SOAP/MIME), which the axis does not take.',
    },
    advice: {
      vi: 'Chuyển phần mềm sang gói tin edXML theo QCVN 102:2016/BTTTT rồi gửi lại.',
      en: 'Switch the software to edXML packets after QCVN 102:2016/BTTTT and send again.',
    },
  },
  LT_ENV_DIALECT_SOAP: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin là thông điệp SOAP (không gian tên {namespace}), không phải gói tin edXML.',
      en: 'The packet is a SOAP message (namespace {namespace}), not an edXML packet.',
    },
    advice: {
      vi: 'Gửi gói tin edXML theo QCVN 102:2016/BTTTT, không bọc trong SOAP.',
      en: 'Send an edXML packet after QCVN 102:2016/BTTTT, not wrapped in SOAP.',
    },
  },
  LT_ENV_DIALECT_OLD: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin theo dạng edXML cũ {dialect}, cổng này chỉ nhận dạng QCVN 102:2016/BTTTT.',
      en: 'The packet is in the old edXML form {dialect}; this door takes the QCVN 102:2016/BTTTT form only.',
    },
    advice: {
      vi: 'Tạo lại gói tin theo QCVN 102:2016/BTTTT, hoặc gửi qua cổng tương thích.',
      en: 'Write the packet after QCVN 102:2016/BTTTT, or send it through the compatible door.',
    },
  },
  LT_ENV_NOT_A_DOCUMENT: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin là báo cáo phòng chống mã độc ({element}), không phải văn bản hay trạng thái.',
      en: 'The packet is an antivirus report ({element}), neither a document nor a status.',
    },
    advice: {
      vi: 'Gửi báo cáo mã độc tới hệ thống của trung tâm an toàn thông tin, không gửi qua trục văn bản.',
      en: "Send antivirus reports to the security centre's own system, not over the document axis.",
    },
  },
  LT_ENV_NOT_EDXML: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Tệp XML không phải gói tin edXML: thiếu phần tử {element}.',
      en: 'The XML is not an edXML packet: the element {element} is missing.',
    },
    advice: {
      vi: 'Kiểm tra đúng tệp cần gửi và cấu trúc edXMLEnvelope/edXMLHeader/MessageHeader.',
      en: 'Check that this is the file meant, and its structure edXMLEnvelope/edXMLHeader/MessageHeader.',
    },
  },
  LT_ENV_NAMESPACE: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Phần tử {element} thuộc không gian tên lạ "{namespace}".',
      en: 'The element {element} is in the unknown namespace "{namespace}".',
    },
    advice: {
      vi: 'Dùng không gian tên http://www.mic.gov.vn/TBT/QCVN_102_2016 cho mọi phần tử edXML.',
      en: 'Use the namespace http://www.mic.gov.vn/TBT/QCVN_102_2016 for every edXML element.',
    },
  },
  LT_ENV_PREFIX_UNDECLARED: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin dùng tiền tố {prefixes} mà không khai báo không gian tên.',
      en: 'The packet uses {prefixes} without declaring its namespace.',
    },
    advice: {
      vi: 'Khai báo xmlns cho mọi tiền tố trên phần tử gốc rồi ký và gửi lại.',
      en: 'Declare every prefix with xmlns on the root element, then sign and send again.',
    },
  },
  LT_ENV_AMBIGUOUS: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Phần tử {element} có thể đọc theo nhiều cách nên gói tin bị từ chối.',
      en: 'The element {element} can be read in more than one way, so the packet is refused.',
    },
    advice: {
      vi: 'Ghi phần tử này đúng một lần, chỉ gồm chữ, không xen chú thích hay phần tử con.',
      en: 'Write the element exactly once, as plain text without comments or elements inside.',
    },
  },
  LT_ENV_CONTENT_MISPLACED: {
    status: 400,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Gói tin có đoạn Base64 dài nằm ngoài nội dung tệp đính kèm.',
      en: "The packet holds a long Base64 text outside an attachment's content.",
    },
    advice: {
      vi: 'Chỉ đặt nội dung tệp đính kèm trong ContentTransferEncoded, không kèm chữ hay chú thích.',
      en: 'Put attachment content in ContentTransferEncoded only, with no other text or comment beside it.',
    },
  },
  LT_ENV_DRAFT_INVALID: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Không lập được gói tin: giá trị của {field} không ghi được vào edXML.',
      en: 'The packet cannot be written: the value of {field} does not fit into edXML.',
    },
    advice: {
      vi: 'Sửa giá trị đã nêu (ký tự điều khiển, ngày sai, số sai) rồi lập lại.',
      en: 'Correct the value named (control characters, wrong date, wrong number) and compose again.',
    },
  },
  LT_ENV_UNUSUAL_TOO_LARGE: {
    status: 413,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Gói tin vượt quá {limit} byte mà nội dung tệp đính kèm lại viết theo cách hiếm gặp ({construct}).',
      en: 'The packet is over {limit} bytes and writes attachment content in an unusual way ({construct}).',
    },
    advice: {
      vi: 'Ghi nội dung tệp đính kèm chỉ bằng chữ Base64 và xuống dòng, hoặc gửi tệp tách rời phong bì.',
      en: 'Write attachment content as Base64 characters and line ends only, or send the files detached from the envelope.',
    },
  },
  LT_ENV_UNUSUAL_REFUSED: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '10',
    title: {
      vi: 'Trục không xử lý được gói tin trong giới hạn cho phép vì nội dung dài viết theo cách hiếm gặp ({construct}).',
      en: 'The axis could not read the packet within its bounds because a long text is written in an unusual way ({construct}).',
    },
    advice: {
      vi: 'Ghi nội dung tệp đính kèm chỉ bằng chữ Base64 và xuống dòng rồi gửi lại.',
      en: 'Write attachment content as Base64 characters and line ends only, then send again.',
    },
  },
})
