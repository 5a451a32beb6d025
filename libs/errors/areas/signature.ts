import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_SIG_…`: why the signature of a packet is not valid, or why a packet cannot be signed. */
export const signatureErrors = defineErrors({
  LT_SIG_REPAIRED: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Chữ ký không kiểm tra được vì gói tin dùng tiền tố chưa khai báo.',
      en: 'The signature cannot be verified because the packet uses undeclared prefixes.',
    },
    advice: {
      vi: 'Khai báo mọi tiền tố không gian tên trong gói tin, rồi ký lại.',
      en: 'Declare every namespace prefix in the packet, then sign again.',
    },
  },
  LT_SIG_ABSENT: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Gói tin không có chữ ký số.', en: 'The packet carries no digital signature.' },
    advice: {
      vi: 'Ký gói tin bằng chứng thư số của cơ quan gửi rồi gửi lại.',
      en: 'Sign the packet with the certificate of the sending agency, then send again.',
    },
  },
  LT_SIG_SAMPLE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin mang chữ ký mẫu của bộ thư viện, không phải chữ ký thật.',
      en: 'The packet carries the sample signature of the library, not a real one.',
    },
    advice: {
      vi: 'Thay khối chữ ký mẫu bằng chữ ký thật, hoặc bỏ khối đó nếu cơ quan chưa ký gói tin.',
      en: 'Replace the sample block by a real signature, or leave it out if your agency does not sign packets yet.',
    },
  },
  LT_SIG_NAMESPACE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Phần tử Signature không nằm trong không gian tên XMLDSig nên không thể kiểm tra.',
      en: 'The Signature element is not in the XMLDSig namespace and cannot be verified.',
    },
    advice: {
      vi: 'Ghi Signature trong không gian tên http://www.w3.org/2000/09/xmldsig# và không ghi lại gói tin sau khi ký.',
      en: 'Write Signature in the namespace http://www.w3.org/2000/09/xmldsig# and do not rewrite the packet after signing.',
    },
  },
  LT_SIG_NAMESPACE_RELATIVE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Không gian tên {namespace} là địa chỉ tương đối, không có dạng chuẩn tắc.',
      en: 'The namespace name {namespace} is relative, which has no canonical form.',
    },
    advice: { vi: 'Dùng tên không gian tên tuyệt đối rồi ký lại.', en: 'Use absolute namespace names and sign again.' },
  },
  LT_SIG_MULTIPLE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Gói tin có {count} phần tử Signature; chỉ được có một.',
      en: 'The packet holds {count} Signature elements; exactly one is allowed.',
    },
    advice: {
      vi: 'Chỉ giữ một chữ ký của cơ quan gửi trong phần đầu gói tin.',
      en: 'Keep one signature only, that of the sending agency, in the header.',
    },
  },
  LT_SIG_MISPLACED: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Chữ ký nằm trong {parent}, không nằm trong phần đầu gói tin.',
      en: 'The signature stands in {parent}, not in the header of the packet.',
    },
    advice: {
      vi: 'Đặt Signature trực tiếp trong phần đầu (edXMLHeader) rồi ký lại.',
      en: 'Put Signature directly into the header (edXMLHeader) and sign again.',
    },
  },
  LT_SIG_STRUCTURE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Cấu trúc chữ ký không đúng: {detail}.', en: 'The signature is not built correctly: {detail}.' },
    advice: {
      vi: 'Tạo chữ ký bằng thư viện XMLDSig chuẩn và không sửa chữ ký sau khi tạo.',
      en: 'Make the signature with a standard XMLDSig library and do not edit it afterwards.',
    },
  },
  LT_SIG_SHAPE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Chữ ký không phủ gói tin theo một trong hai dạng được chấp nhận: {detail}.',
      en: 'The signature does not cover the packet in one of the two accepted forms: {detail}.',
    },
    advice: {
      vi: 'Ký toàn bộ gói tin (URI="") hoặc ký phong bì kèm bản kê tệp đính kèm.',
      en: 'Sign the whole packet (URI="") or the envelope with a manifest of its attachments.',
    },
  },
  LT_SIG_ALGORITHM: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Thuật toán {algorithm} không được chấp nhận cho chữ ký gói tin.',
      en: 'The algorithm {algorithm} is not accepted for packet signatures.',
    },
    advice: {
      vi: 'Ký bằng RSA (từ 2048 bit) hoặc ECDSA P-256/P-384 với SHA-256 trở lên.',
      en: 'Sign with RSA (2048 bits or more) or ECDSA P-256/P-384 and SHA-256 or stronger.',
    },
  },
  LT_SIG_TRANSFORM: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Phép biến đổi {transform} không được chấp nhận trong chữ ký gói tin.',
      en: 'The transform {transform} is not accepted in packet signatures.',
    },
    advice: {
      vi: 'Chỉ dùng enveloped-signature và chuẩn tắc hóa XML (exclusive hoặc inclusive, không chú thích).',
      en: 'Use only enveloped-signature and XML canonicalization (exclusive or inclusive, without comments).',
    },
  },
  LT_SIG_REFERENCE_MISSING: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Chữ ký trỏ tới {uri} nhưng gói tin không có phần tử đó.',
      en: 'The signature points at {uri}, which the packet does not hold.',
    },
    advice: {
      vi: 'Giữ nguyên xml:id của phong bì sau khi ký rồi gửi lại.',
      en: 'Keep the xml:id of the envelope as it was signed, then send again.',
    },
  },
  LT_SIG_DUPLICATE_ID: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Định danh {id} xuất hiện ở nhiều phần tử nên không rõ phần nào được ký.',
      en: 'The id {id} stands on several elements, so it is unclear which one is signed.',
    },
    advice: {
      vi: 'Dùng mỗi giá trị id một lần trong gói tin rồi ký lại.',
      en: 'Use each id once in the packet and sign again.',
    },
  },
  LT_SIG_DIGEST_MISMATCH: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Nội dung gói tin đã thay đổi sau khi ký ({reference}).',
      en: 'The packet was changed after it was signed ({reference}).',
    },
    advice: {
      vi: 'Gửi đúng các byte đã ký; không định dạng lại hay ghi lại gói tin sau khi ký.',
      en: 'Send exactly the bytes that were signed; do not format or rewrite the packet after signing.',
    },
  },
  LT_SIG_VALUE_MISMATCH: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Giá trị chữ ký không khớp với chứng thư số kèm theo.',
      en: 'The signature value does not match the certificate that came with it.',
    },
    advice: {
      vi: 'Kiểm tra khóa ký có đúng là khóa của chứng thư số trong KeyInfo rồi ký lại.',
      en: 'Check that the signing key belongs to the certificate in KeyInfo and sign again.',
    },
  },
  LT_SIG_NO_CERTIFICATE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: {
      vi: 'Chữ ký không kèm chứng thư số (X509Certificate).',
      en: 'The signature carries no certificate (X509Certificate).',
    },
    advice: {
      vi: 'Đưa chứng thư số của người ký vào KeyInfo/X509Data rồi ký lại.',
      en: 'Put the signer certificate into KeyInfo/X509Data and sign again.',
    },
  },
  LT_SIG_ATTACHMENT_MISMATCH: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Tệp đính kèm {contentId} không khớp với bản kê đã ký.',
      en: 'The attachment {contentId} does not match the signed manifest.',
    },
    advice: {
      vi: 'Gửi đúng các tệp đã ký, mỗi tệp một lần, hoặc ký lại với bản kê mới.',
      en: 'Send exactly the files that were signed, each once, or sign again with a new manifest.',
    },
  },
  LT_SIG_SPLICE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Không ghép lại được tệp đính kèm nội tuyến vào phần được ký.',
      en: 'An inline attachment could not be put back into the signed part.',
    },
    advice: {
      vi: 'Gửi lại gói tin; nếu lỗi lặp lại, gửi tệp đính kèm tách rời phong bì.',
      en: 'Send the packet again; if it fails again, send the attachments detached from the envelope.',
    },
  },
  LT_SIG_SIGNER_FOREIGN: {
    status: 403,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '19',
    title: {
      vi: 'Chứng thư số ký gói tin ({signer}) không thuộc cơ quan gửi {agencyCode}.',
      en: 'The signing certificate ({signer}) does not belong to the sending agency {agencyCode}.',
    },
    advice: {
      vi: 'Ký bằng chứng thư số của cơ quan gửi, cơ quan cấp trên hoặc hệ thống đại diện đã đăng ký.',
      en: 'Sign with the certificate of the sending agency, its superior or the registered system that fronts it.',
    },
  },
  LT_SIG_NOT_SIGNABLE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '22',
    title: { vi: 'Không thể ký gói tin này: {detail}.', en: 'This packet cannot be signed: {detail}.' },
    advice: {
      vi: 'Ký gói tin chưa có chữ ký, có một phong bì và phần đầu không rỗng.',
      en: 'Sign a packet without a signature that has one envelope and a header that is not empty.',
    },
  },
})
