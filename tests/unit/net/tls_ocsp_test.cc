// OCSP responses: which are stapled, to whom, until when; what is said of those that aren't.
#include "proxy/net/tls_ocsp.h"

#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/tls_meeting.h"

namespace weir {
namespace {

using test::meet;
using test::OcspOptions;
using test::options_of;
using test::Pki;
using Status = OcspOptions::Status;
using Weight = TlsFinding::Weight;

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string content_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A certificate with its issuer after it, and a place for a response.
struct Vouched {
  explicit Vouched(Pki& the_pki, const std::string& name, const std::string& names)
      : pki(the_pki), files(pki.sign(name, names, {.ends = 365L * 86400})), ocsp(pki.folder.path(name + ".ocsp")) {
    write(files.certificate, content_of(files.certificate) + content_of(pki.ca.file()));
  }
  std::string say(const OcspOptions& options = {}) {
    const std::string der = pki.ca.vouch(files.certificate, options);
    write(ocsp, der);
    return der;
  }
  TlsServer::CertificateFiles all() const { return {files.certificate, files.key, ocsp}; }
  TlsServer::Options options() const {
    TlsServer::Options options;
    options.certificates = {all()};
    return options;
  }

  Pki& pki;
  test::CertificateFiles files;
  const std::string ocsp;
};

struct Opened {
  std::shared_ptr<const TlsServer> server;
  TlsFindings findings;
};
Opened open_all(const TlsServer::Options& options) {
  Opened opened;
  opened.server = TlsServer::open(options, TlsTickets::of_process(), wall_now(), opened.findings);
  REQUIRE(opened.server != nullptr);
  return opened;
}

TEST_CASE("a response is stapled to its certificate, for clients that ask", "[tls_ocsp]") {
  Pki pki;
  Vouched one(pki, "one", "DNS:one.example"), two(pki, "two", "DNS:two.example");
  const std::string first = one.say(), second = two.say();
  TlsServer::Options options;
  const auto third = pki.sign("three", "DNS:three.example", {.ends = 365L * 86400});
  options.certificates = {one.all(), two.all(), {third.certificate, third.key}};
  const auto opened = open_all(options);
  CHECK(opened.findings.empty());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const auto stapled = [&](const std::string& name) {
      const auto met = meet(opened.server, {.name = name, .highest = version, .ocsp = true});
      CHECK(met.server);
      return met.stapled;
    };
    CHECK(stapled("one.example") == first);
    CHECK(stapled("two.example") == second);
    CHECK(stapled("three.example").empty());
    CHECK(stapled("elsewhere.example") == first);
    CHECK(meet(opened.server, {.name = "one.example", .highest = version}).stapled.empty());
  }
}

TEST_CASE("what can't be stapled isn't, and is told apart", "[tls_ocsp]") {
  Pki pki;
  test::CertificateAuthority stranger(pki.folder.path(), "stranger");
  Vouched one(pki, "one", "DNS:one.example"), two(pki, "two", "DNS:two.example");
  const auto refused = [&](const std::string& bytes) {
    write(one.ocsp, bytes);
    const auto opened = open_all(one.options());
    CHECK(meet(opened.server, {.ocsp = true}).stapled.empty());
    REQUIRE(opened.findings.size() == 1);
    CHECK(opened.findings[0].option == TlsFinding::Option::ocsp);
    return std::pair(opened.findings[0].weight, opened.findings[0].what);
  };
  const auto expect = [&](const std::string& bytes, Weight weight, const std::string& word) {
    const auto [heavy, what] = refused(bytes);
    CAPTURE(what, word);
    CHECK(heavy == weight);
    CHECK(what.find(word) != std::string::npos);
  };
  const std::string good = one.say();
  expect("", Weight::expired, "is none");
  expect("not DER at all", Weight::expired, "is none");
  expect(good + "x", Weight::expired, "is none");
  expect(good.substr(0, good.size() - 1), Weight::expired, "is none");
  expect(std::string(70000, 'x'), Weight::expired, "larger");
  expect(std::string("\x30\x03\x0a\x01\x03", 5), Weight::expired, "trylater");
  expect(pki.ca.vouch(two.files.certificate), Weight::expired, "another certificate");
  expect(stranger.vouch(one.files.certificate), Weight::expired, "another certificate");
  expect(pki.ca.vouch(one.files.certificate, {.status = Status::revoked}), Weight::expired, "revoked");
  expect(pki.ca.vouch(one.files.certificate, {.status = Status::unknown}), Weight::expired, "does not know");
  expect(pki.ca.vouch(one.files.certificate, {.endless = true}), Weight::expired, "until when");
  expect(pki.ca.vouch(one.files.certificate, {.begins = -7200, .ends = -60}), Weight::warning, "expired on");
  expect(pki.ca.vouch(one.files.certificate, {.begins = 7200}), Weight::warning, "does not hold before");
  std::string forged = good;
  char& digit = forged[forged.find("\x18\x0f") + 15];  // of the second in which it was made
  digit = static_cast<char>(digit ^ 1);
  expect(forged, Weight::expired, "not signed by");
  ::unlink(one.ocsp.c_str());
  const auto opened = open_all(one.options());
  REQUIRE(opened.findings.size() == 1);
  CHECK(opened.findings[0].what.find("No such file") != std::string::npos);
}

TEST_CASE("one that ends within a day is stapled, with a warning", "[tls_ocsp]") {
  Pki pki;
  Vouched one(pki, "one", "DNS:one.example");
  const std::string der = one.say({.ends = 3600});
  const auto opened = open_all(one.options());
  REQUIRE(opened.findings.size() == 1);
  CHECK(opened.findings[0].weight == Weight::warning);
  CHECK(opened.findings[0].what.find("within a day") != std::string::npos);
  CHECK(meet(opened.server, {.ocsp = true}).stapled == der);
}

TEST_CASE("without the issuer in the chain number and name are compared, and that is said", "[tls_ocsp]") {
  Pki pki;
  const auto files = pki.sign("alone", "DNS:a.example", {.ends = 365L * 86400});
  const auto other = pki.sign("other", "DNS:b.example", {.ends = 365L * 86400});
  const std::string path = pki.folder.path("alone.ocsp");
  TlsServer::Options options;
  options.certificates = {{files.certificate, files.key, path}};
  write(path, pki.ca.vouch(files.certificate));
  const auto opened = open_all(options);
  REQUIRE(opened.findings.size() == 1);
  CHECK(opened.findings[0].weight == Weight::warning);
  CHECK(opened.findings[0].what.find("chain") != std::string::npos);
  CHECK(!meet(opened.server, {.ocsp = true}).stapled.empty());
  write(path, pki.ca.vouch(other.certificate));
  CHECK(open_all(options).findings[0].what.find("another certificate") != std::string::npos);
}

TEST_CASE("a response holds from thisUpdate, with some patience for clocks, to nextUpdate", "[tls_ocsp]") {
  const OcspResponse response{"", 1000, 2000};
  CHECK(!response.holds(699));
  CHECK(response.holds(700));
  CHECK(response.holds(1999));
  CHECK(!response.holds(2000));
}

TEST_CASE("a changed file is noticed; a bad one ends nothing, one that says revoked does", "[tls_ocsp]") {
  Pki pki;
  Vouched one(pki, "one", "DNS:one.example");
  const std::string first = one.say({.ends = 2 * 86400});
  const auto opened = open_all(one.options());
  const auto look = [&] { return opened.server->look_at_ocsp(wall_now()); };
  const auto stapled = [&] { return meet(opened.server, {.ocsp = true}).stapled; };
  CHECK(look().empty());
  const std::string second = one.say({.ends = 5 * 86400});
  REQUIRE(look().size() == 1);
  CHECK(look().empty());
  CHECK(stapled() == second);
  write(one.ocsp, second.substr(0, 40));  // half written
  REQUIRE(look().size() == 1);
  CHECK(look().empty());
  CHECK(stapled() == second);
  ::unlink(one.ocsp.c_str());
  REQUIRE(look().size() == 1);
  CHECK(look().empty());
  CHECK(stapled() == second);
  write(one.ocsp, second);
  CHECK(look().size() == 1);
  CHECK(look().empty());
  one.say({.status = Status::revoked});
  const auto said = look();
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("revoked") != std::string::npos);
  CHECK(look().empty());
  CHECK(stapled().empty());
  const std::string third = one.say();
  CHECK(look().size() == 1);
  CHECK(stapled() == third);
}

// RFC 7633: without a response clients refuse it.
TEST_CASE("a certificate that must be stapled and isn't is warned of", "[tls_ocsp]") {
  Pki pki;
  const auto files = pki.sign("must", "DNS:a.example", {.ends = 365L * 86400, .must_staple = true});
  const auto opened = open_all(options_of({files}));
  REQUIRE(opened.findings.size() == 1);
  CHECK(opened.findings[0].weight == Weight::warning);
  CHECK(opened.findings[0].what.find("only with an OCSP response") != std::string::npos);
}

}  // namespace
}  // namespace weir
