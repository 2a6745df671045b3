// Certificates of CAs held against the calendar; see tls_authorities.h.
#include "proxy/net/tls_authorities.h"

#include <algorithm>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace weir {

std::string subject_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  WEIR_CHECK(bio != nullptr);
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(std::max(0L, length))};
}

void look_at_authorities(const std::vector<X509Ptr>& authorities, const std::string& file, WallTime now,
                         TlsFindings& findings) {
  for (const X509Ptr& one : authorities) {
    const WallTime ends = wall_time_of(X509_get0_notAfter(one.get()));
    if (ends - now >= kCertificateSoon) continue;
    const bool over = ends <= now;
    findings.push_back({TlsFinding::Option::client_ca, over ? TlsFinding::Weight::expired : TlsFinding::Weight::warning,
                        0,
                        "the CA " + printable(subject_of(one.get())) + " in " + printable(file) +
                            (over ? " expired on " : " expires on ") + date_text(ends),
                        over ? "a new one" : "a new one soon"});
  }
}

}  // namespace weir
