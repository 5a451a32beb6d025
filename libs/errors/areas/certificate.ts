import { defineErrors } from '../entry.ts'

/** Errors of the area `LT_CERT_…`: why a certificate is not trusted for what it was used for. */
export const certificateErrors = defineErrors({
  LT_CERT_UNREADABLE: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: { vi: 'Không đọc được chứng thư số: {detail}.', en: 'The certificate cannot be read: {detail}.' },
    advice: {
      vi: 'Gửi chứng thư số X.509 dạng DER mã hóa Base64 trong X509Certificate.',
      en: 'Send an X.509 certificate, DER in Base64, in X509Certificate.',
    },
  },
  LT_CERT_EXPIRED: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Chứng thư số {subject} đã hết hạn từ {notAfter}.',
      en: 'The certificate {subject} expired at {notAfter}.',
    },
    advice: {
      vi: 'Xin cấp chứng thư số mới rồi ký lại gói tin.',
      en: 'Obtain a new certificate and sign the packet again.',
    },
  },
  LT_CERT_NOT_YET_VALID: {
    status: 422,
    actor: 'sender',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Chứng thư số {subject} chỉ có hiệu lực từ {notBefore}.',
      en: 'The certificate {subject} is valid only from {notBefore}.',
    },
    advice: {
      vi: 'Kiểm tra đồng hồ máy ký, hoặc đợi tới thời điểm chứng thư số có hiệu lực.',
      en: 'Check the clock of the signing machine, or wait until the certificate becomes valid.',
    },
  },
  LT_CERT_UNKNOWN_ISSUER: {
    status: 422,
    actor: 'ca',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Không có đường tin cậy từ chứng thư số {subject} tới tổ chức gốc được trục công nhận.',
      en: 'No path leads from the certificate {subject} to a root that the axis trusts.',
    },
    advice: {
      vi: 'Dùng chứng thư số do tổ chức được công nhận cấp, hoặc kèm chứng thư trung gian trong X509Data.',
      en: 'Use a certificate of a recognised authority, or send the intermediate certificates in X509Data.',
    },
  },
  LT_CERT_PATH_LENGTH: {
    status: 422,
    actor: 'ca',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Đường chứng thư qua {subject} dài hơn mức tổ chức cấp cho phép.',
      en: 'The certificate path through {subject} is longer than its issuer allows.',
    },
    advice: {
      vi: 'Xin cấp lại chứng thư số từ tổ chức có quyền cấp trực tiếp.',
      en: 'Have the certificate issued again by an authority that may issue it directly.',
    },
  },
  LT_CERT_NOT_CA: {
    status: 422,
    actor: 'ca',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Chứng thư số {subject} không có quyền cấp chứng thư khác.',
      en: 'The certificate {subject} may not issue other certificates.',
    },
    advice: {
      vi: 'Dùng chứng thư số do tổ chức chứng thực cấp.',
      en: 'Use a certificate issued by a certification authority.',
    },
  },
  LT_CERT_KEY_USAGE: {
    status: 422,
    actor: 'ca',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Chứng thư số {subject} không được cấp cho mục đích {usage}.',
      en: 'The certificate {subject} was not issued for {usage}.',
    },
    advice: {
      vi: 'Dùng chứng thư số có mục đích sử dụng phù hợp.',
      en: 'Use a certificate whose key usage allows it.',
    },
  },
  LT_CERT_WEAK: {
    status: 422,
    actor: 'ca',
    retry: 'after-fix',
    vxpCode: '21',
    title: {
      vi: 'Chứng thư số {subject} dùng khóa hoặc thuật toán quá yếu ({detail}).',
      en: 'The certificate {subject} uses a key or algorithm that is too weak ({detail}).',
    },
    advice: {
      vi: 'Xin cấp chứng thư số RSA từ 2048 bit hoặc EC P-256/P-384, ký bằng SHA-256 trở lên.',
      en: 'Obtain a certificate with RSA of 2048 bits or more or EC P-256/P-384, signed with SHA-256 or stronger.',
    },
  },
  LT_CERT_EXTENSION: {
    status: 422,
    actor: 'ca',
    retry: 'never',
    vxpCode: '21',
    title: {
      vi: 'Chứng thư số {subject} có phần mở rộng bắt buộc {oid} mà trục không hiểu.',
      en: 'The certificate {subject} has the critical extension {oid}, which the axis does not understand.',
    },
    advice: {
      vi: 'Dùng chứng thư số không có phần mở rộng bắt buộc lạ.',
      en: 'Use a certificate without unusual critical extensions.',
    },
  },
})
