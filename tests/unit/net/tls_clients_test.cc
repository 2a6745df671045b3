// Client certificates: who is let in, under what name, and which earlier session doesn't spare the proof.
#include "proxy/net/tls_clients.h"

#include <openssl/ssl.h>

#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/tls_meeting.h"

namespace weir {
namespace {

using test::meet;
using test::Met;
using test::options_of;
using test::Pki;
using Kind = ClientNameKind;
using Weight = TlsFinding::Weight;

struct Listener {
  Pki pki;
  test::CertificateAuthority other{pki.folder.path(), "other"};
  TlsServer::Options options = options_of({pki.sign("server", "DNS:a.example", {.ends = 365L * 86400})});
  TlsTickets tickets;

  Listener() { options.clients.emplace().ca_file = pki.ca.file(); }
  std::shared_ptr<const TlsServer> open() { return test::open(options, tickets); }
};

std::function<void(SSL_CTX*)> showing(const test::CertificateFiles& files) {
  return [files](SSL_CTX* client) {
    REQUIRE(SSL_CTX_use_certificate_file(client, files.certificate.c_str(), SSL_FILETYPE_PEM) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(client, files.key.c_str(), SSL_FILETYPE_PEM) == 1);
  };
}

TEST_CASE("only who shows a certificate of the CA's is let in, and goes by its name", "[tls_clients]") {
  Listener it;
  const auto server = it.open();
  const auto good = it.pki.sign("good", "DNS:good.mesh,URI:spiffe://mesh/good");
  const auto plain = it.pki.sign("plain", "DNS:plain.mesh");
  const auto nameless = it.pki.sign("nameless", "IP:127.0.0.1");
  const std::vector<std::pair<test::CertificateFiles, std::string>> bad{
      {it.other.sign("stranger", "DNS:good.mesh"), "issuer"},
      {it.pki.sign("gone", "DNS:good.mesh", {.begins = -9000, .ends = -5}), "expired"},
      {it.pki.sign("early", "DNS:good.mesh", {.begins = 3600}), "not yet valid"},
      {it.pki.sign("server_only", "DNS:good.mesh", {.usage = "serverAuth"}), "purpose"}};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const Met met = meet(server, {.highest = version, .also = showing(good)});
    CHECK(met.server);
    REQUIRE(met.identity != nullptr);
    CHECK(met.identity->name == "spiffe://mesh/good");
    CHECK(met.identity->certificate.empty());
    CHECK(meet(server, {.highest = version, .also = showing(plain)}).identity->name == "plain.mesh");
    CHECK(meet(server, {.highest = version, .also = showing(nameless)}).identity->name == "CN=nameless");
    const Met none = meet(server, {.highest = version});
    CHECK(!none.server);
    CHECK(none.failure == TlsFailure::certificate);
    CHECK(none.error.find("did not return a certificate") != std::string::npos);
    for (const auto& [files, word] : bad) {
      const Met refused = meet(server, {.highest = version, .also = showing(files)});
      CAPTURE(refused.error);
      CHECK(!refused.server);
      CHECK(refused.failure == TlsFailure::certificate);
      CHECK(refused.error.find(word) != std::string::npos);
    }
  }
}

TEST_CASE("where it is optional none will do, and a bad one won't", "[tls_clients]") {
  Listener it;
  it.options.clients->required = false;
  const auto server = it.open();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const Met none = meet(server, {.highest = version});
    CHECK(none.server);
    CHECK(none.identity == nullptr);
    CHECK(meet(server, {.highest = version, .also = showing(it.pki.sign("good", "DNS:good.mesh"))}).identity !=
          nullptr);
    CHECK(!meet(server, {.highest = version, .also = showing(it.other.sign("bad", "DNS:good.mesh"))}).server);
  }
}

TEST_CASE("of many that a CA signed those with an allowed name are let in", "[tls_clients]") {
  Listener it;
  it.options.clients->names = {"spiffe://mesh/web/*", "api.mesh"};
  const auto server = it.open();
  const auto let_in = [&](const std::string& names) {
    return meet(server, {.also = showing(it.pki.sign("client", names))}).server;
  };
  CHECK(let_in("URI:spiffe://mesh/web/a"));
  CHECK(let_in("DNS:other.mesh,URI:spiffe://mesh/web/a"));
  CHECK(let_in("DNS:API.mesh"));
  CHECK(!let_in("URI:spiffe://mesh/admin/a"));
  CHECK(!let_in("DNS:web.mesh"));
  CHECK(!let_in("IP:127.0.0.1"));
  CHECK(!let_in("URI:api.mesh"));
  const Met refused = meet(server, {.also = showing(it.pki.sign("client", "DNS:web.mesh"))});
  CHECK(refused.failure == TlsFailure::certificate);
  CHECK(refused.error.find("none of the names") != std::string::npos);
}

TEST_CASE("an earlier session spares the proof only under the same rules", "[tls_clients]") {
  Listener it;
  const auto client = showing(it.pki.sign("client", "DNS:a.mesh"));
  const auto first = it.open();
  const auto same = it.open();
  const auto changed = [&](auto change) {
    auto options = it.options;
    change(options);
    return test::open(options, it.tickets);
  };
  const std::string both = it.pki.folder.path("both.crt");
  {
    std::ofstream out(both);
    for (const auto& file : {it.pki.ca.file(), it.other.file()}) out << std::ifstream(file).rdbuf();
  }
  const std::vector<std::shared_ptr<const TlsServer>> others{
      changed([&](auto& options) { options.clients->ca_file = both; }),
      changed([&](auto& options) { options.clients->names = {"a.mesh"}; }),
      changed([&](auto& options) { options.clients->depth = 2; }),
      changed([&](auto& options) { options.clients->required = false; }),
      changed([&](auto& options) { options.clients.reset(); })};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    const Met met = meet(first, {.highest = version, .also = client});
    REQUIRE(met.session != nullptr);
    const Met again = meet(same, {.highest = version, .session = met.session.get()});
    CHECK(again.resumed);
    REQUIRE(again.identity != nullptr);
    CHECK(again.identity->name == "a.mesh");
    for (const auto& other : others) {
      const Met elsewhere = meet(other, {.highest = version, .session = met.session.get()});
      CHECK(!elsewhere.resumed);
      CHECK(elsewhere.identity == nullptr);
      const Met back = meet(other, {.highest = version, .also = client});
      if (back.session) CHECK(!meet(first, {.highest = version, .session = back.session.get()}).server);
    }
  }
}

TEST_CASE("for origins the certificate is a byte sequence", "[tls_clients]") {
  Listener it;
  it.options.clients->forward = true;
  const auto identity = meet(it.open(), {.also = showing(it.pki.sign("client", "DNS:a.mesh"))}).identity;
  REQUIRE(identity != nullptr);
  CHECK(identity->certificate.starts_with(":MII"));
  CHECK(identity->certificate.ends_with(":"));
  CHECK(identity->certificate.find_first_of(" \r\n") == std::string::npos);
}

TEST_CASE("which names an entry allows", "[tls_clients]") {
  const auto uri = [](const char* allowed, const char* name) { return matches_name(allowed, Kind::uri, name); };
  CHECK(uri("spiffe://mesh/web/*", "spiffe://mesh/web/a"));
  CHECK(uri("spiffe://mesh/web/*", "spiffe://mesh/web/a/b"));
  CHECK(!uri("spiffe://mesh/web/*", "spiffe://mesh/web/"));
  CHECK(!uri("spiffe://mesh/web/*", "spiffe://mesh/web"));
  CHECK(!uri("spiffe://mesh/web/*", "spiffe://mesh/website"));
  CHECK(!uri("spiffe://mesh/web/*", "spiffe://mesh/web/../admin"));
  CHECK(!uri("spiffe://mesh/web/*", "spiffe://mesh/web/%2e%2e/admin"));
  CHECK(uri("spiffe://mesh/web", "spiffe://mesh/web"));
  CHECK(!uri("spiffe://mesh/web", "spiffe://MESH/web"));
  CHECK(!uri("web.mesh", "web.mesh"));
  const auto dns = [](const char* allowed, const char* name) { return matches_name(allowed, Kind::dns, name); };
  CHECK(dns("web.mesh", "WEB.mesh"));
  CHECK(!dns("web.mesh", "a.web.mesh"));
  CHECK(dns("*.mesh", "web.mesh"));
  CHECK(!dns("*.mesh", "a.web.mesh"));
  CHECK(!dns("*.mesh", "*.mesh"));
  CHECK(!dns("*.mesh", ".mesh"));
  CHECK(!dns("spiffe://mesh/web", "spiffe://mesh/web"));
  for (const char* good : {"a", "a.mesh", "*.mesh", "spiffe://mesh", "spiffe://mesh/*", "https://a.b/c"}) {
    CAPTURE(good);
    CHECK(is_client_name(good));
  }
  for (const char* bad :
       {"", "*", "*.", "a*.mesh", "a..*", "spiffe://", "spiffe:///a", "spiffe://*", "spiffe://a*", "spiffe://m/*/a",
        "spiffe://m/../a", "spiffe://m/a%20", "spiffe://m/a b", "://a", "a b", "a.", ".a"}) {
    CAPTURE(bad);
    CHECK(!is_client_name(bad));
  }
}

TEST_CASE("the CA file is read whole, and held against the calendar", "[tls_clients]") {
  Listener it;
  const auto found = [&](const std::string& file) {
    it.options.clients->ca_file = file;
    TlsFindings findings;
    const auto server = TlsServer::open(it.options, it.tickets, wall_now(), findings);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].option == TlsFinding::Option::client_ca);
    CHECK((server == nullptr) == (findings[0].weight == Weight::error));
    return std::pair(findings[0].weight, findings[0].what);
  };
  CHECK(found(it.pki.folder.path("none")).first == Weight::error);
  CHECK(found(it.pki.folder.path("server.key")).second.find("no certificate") != std::string::npos);
  CHECK(found(it.pki.sign("old", "", {.begins = -9000, .ends = -5}).certificate).first == Weight::expired);
  CHECK(found(it.pki.sign("soon", "", {.ends = 5 * 86400}).certificate).first == Weight::warning);
}

}  // namespace
}  // namespace weir
