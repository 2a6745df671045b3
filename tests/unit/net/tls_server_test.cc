// TLS towards clients: which certificate a name gets, what is agreed on, what a later handshake is spared.
#include "proxy/net/tls_server.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "tests/support/catch.h"
#include "tests/support/tls_meeting.h"

namespace weir {
namespace {

using Weight = TlsFinding::Weight;
using Option = TlsFinding::Option;
using test::Asked;
using test::meet;
using test::Met;
using test::open;
using test::options_of;
using test::Pki;

TEST_CASE("the certificate is the one for the name that was asked for", "[tls_server]") {
  Pki pki;
  const auto server = open(options_of({pki.sign("first", "DNS:first.example"), pki.sign("wild", "DNS:*.wild.example"),
                                       pki.sign("exact", "DNS:a.wild.example,DNS:Upper.Example,IP:127.0.0.1"),
                                       pki.sign("later", "DNS:first.example")}));
  const std::vector<std::pair<std::string, std::string>> rows{
      {"first.example", "first"},     {"b.wild.example", "wild"},    {"a.wild.example", "exact"},
      {"A.WILD.example", "exact"},    {"upper.example", "exact"},    {"b.wild.example.", "wild"},
      {"wild.example", "first"},      {"a.b.wild.example", "first"}, {"", "first"},
      {"elsewhere.example", "first"}, {".wild.example", "first"}};
  for (const auto& [name, subject] : rows) {
    CAPTURE(name);
    const Met met = meet(server, {.name = name});
    CHECK(met.server);
    CHECK(met.subject == subject);
  }
}

TEST_CASE("of certificates of two kinds for one name each client gets the one that it can verify", "[tls_server]") {
  Pki pki;
  const auto server = open(options_of({pki.sign("rsa", "DNS:two.example,DNS:only-rsa.example", {.rsa = true}),
                                       pki.sign("ecdsa", "DNS:two.example,DNS:only-ecdsa.example")}));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const std::string ecdsa = "ECDSA+SHA256", rsa = "RSA+SHA256:RSA-PSS+SHA256";
    CHECK(meet(server, {.name = "two.example", .signatures = ecdsa, .highest = version}).subject == "ecdsa");
    CHECK(meet(server, {.name = "two.example", .signatures = rsa, .highest = version}).subject == "rsa");
    CHECK(meet(server, {.name = "only-rsa.example", .highest = version}).subject == "rsa");
    CHECK(meet(server, {.name = "only-ecdsa.example", .highest = version}).subject == "ecdsa");
    CHECK(meet(server, {.name = "", .signatures = ecdsa, .highest = version}).subject == "ecdsa");
    const Met none = meet(server, {.name = "only-ecdsa.example", .signatures = rsa, .highest = version});
    CHECK(!none.server);
    CHECK(none.failure == TlsFailure::nothing_in_common);
  }
}

TEST_CASE("versions and ciphers: nothing old, nothing without forward secrecy", "[tls_server]") {
  Pki pki;
  auto options = options_of({pki.sign("server", "DNS:a.example", {.rsa = true})});
  const auto server = open(options);
  CHECK(meet(server).tls13);
  const Met older = meet(server, {.highest = TLS1_2_VERSION});
  CHECK(older.server);
  CHECK(!older.tls13);
  CHECK(older.cipher == "ECDHE-RSA-AES128-GCM-SHA256");
  const Met oldest = meet(server, {.highest = TLS1_1_VERSION, .lowest = TLS1_VERSION});
  CHECK(!oldest.server);
  CHECK(oldest.failure == TlsFailure::version);
  const Met weak = meet(server, {.highest = TLS1_2_VERSION, .also = [](SSL_CTX* client) {
                                   SSL_CTX_set_cipher_list(client, "AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA");
                                 }});
  CHECK(!weak.server);
  CHECK(weak.failure == TlsFailure::nothing_in_common);
  options.only_tls13 = true;
  CHECK(meet(open(options)).tls13);
  CHECK(meet(open(options), {.highest = TLS1_2_VERSION}).failure == TlsFailure::version);
}

TEST_CASE("the protocol is ours to choose among those that a client speaks", "[tls_server]") {
  Pki pki;
  auto options = options_of({pki.sign("one", "DNS:one.example"), pki.sign("two", "DNS:two.example")});
  options.protocols = {"h2", "http/1.1"};
  const auto both = open(options);
  options.protocols = {"http/1.1"};
  const auto one = open(options);
  const std::string h1 = "\x08http/1.1", h2 = "\x02h2", other = "\x06spdy/3";
  for (const std::string name : {"one.example", "two.example"}) {  // a context of its own each
    CHECK(meet(both, {.name = name, .protocols = h1 + h2}).protocol == "h2");
    CHECK(meet(both, {.name = name, .protocols = h1}).protocol == "http/1.1");
    CHECK(meet(both, {.name = name, .protocols = other + h1}).protocol == "http/1.1");
    CHECK(meet(both, {.name = name}).protocol.empty());
    CHECK(meet(one, {.name = name, .protocols = h2 + h1}).protocol == "http/1.1");
    const Met none = meet(one, {.name = name, .protocols = h2 + other});
    CHECK(!none.server);
    CHECK(none.failure == TlsFailure::protocol);
  }
}

TEST_CASE("a session is resumed wherever the keys are the same, and not under others", "[tls_server]") {
  Pki pki;
  TlsTickets tickets, others;
  const auto files = pki.sign("server", "DNS:a.example");
  const auto options = options_of({files, pki.sign("second", "DNS:b.example")});
  const auto server = open(options, tickets);
  const auto reloaded = open(options, tickets);
  const auto stranger = open(options, others);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::string name : {"a.example", "b.example"}) {
      CAPTURE(version, name);
      const Met first = meet(server, {.name = name, .highest = version});
      CHECK(!first.resumed);
      REQUIRE(first.session != nullptr);
      CHECK(meet(server, {.name = name, .highest = version, .session = first.session.get()}).resumed);
      CHECK(meet(reloaded, {.name = name, .highest = version, .session = first.session.get()}).resumed);
      const Met unknown = meet(stranger, {.name = name, .highest = version, .session = first.session.get()});
      CHECK(unknown.server);
      CHECK(!unknown.resumed);
    }
  }
}

TEST_CASE("keys of tickets change by time, and the last ones still open", "[tls_tickets]") {
  TlsTickets tickets;
  const Time start{};
  const auto hours = [&](int n) { return start + std::chrono::hours(n); };
  const auto first = *tickets.newest(hours(0));
  CHECK(tickets.newest(hours(11))->name == first.name);
  const auto second = *tickets.newest(hours(12));
  CHECK(second.name != first.name);
  CHECK(second.cipher != first.cipher);
  CHECK(second.mac != first.mac);
  CHECK(tickets.find(second.name, hours(12))->newest);
  CHECK(!tickets.find(first.name, hours(13))->newest);
  const auto third = *tickets.newest(hours(24));
  CHECK(tickets.find(first.name, hours(35)));
  CHECK(!tickets.find(first.name, hours(36)));
  CHECK(tickets.find(second.name, hours(36)));
  CHECK(tickets.find(third.name, hours(36)));
  // Nobody asked for days: nothing that old opens any more.
  CHECK(!tickets.find(third.name, hours(24 * 10)));
  const TlsTickets::Name nobody{};
  CHECK(!tickets.find(nobody, hours(24 * 10)));
}

struct Row {
  Option option;
  Weight weight;
  std::string word;
};

void expect(const TlsServer::Options& options, const std::vector<Row>& rows) {
  TlsFindings findings;
  const auto server = TlsServer::open(options, TlsTickets::of_process(), wall_now(), findings);
  std::string all;
  bool error = false;
  for (const auto& found : findings) all += found.what + " (" + found.right + ")\n";
  CAPTURE(all);
  REQUIRE(findings.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(findings[i].option == rows[i].option);
    CHECK(findings[i].weight == rows[i].weight);
    CHECK(findings[i].what.find(rows[i].word) != std::string::npos);
    error = error || rows[i].weight == Weight::error;
  }
  CHECK((server == nullptr) == error);
}

TEST_CASE("files are held against each other, and against the calendar", "[tls_server]") {
  Pki pki;
  const auto year = pki.sign("year", "DNS:a.example", {.ends = 365L * 86400});
  const auto other = pki.sign("other", "DNS:b.example", {.ends = 365L * 86400});
  expect(options_of({year, other}), {});
  expect(options_of({{year.certificate, other.key}}), {{Option::key, Weight::error, "does not belong"}});
  expect(options_of({{year.key, year.key}}), {{Option::certificate, Weight::error, "no certificate in"}});
  expect(options_of({{year.certificate, year.certificate}}), {{Option::key, Weight::error, "no private key"}});
  expect(options_of({{pki.folder.path("no.crt"), pki.folder.path("no.key")}}),
         {{Option::certificate, Weight::error, "No such file"}, {Option::key, Weight::error, "No such file"}});
  expect(options_of({pki.sign("soon", "DNS:a.example", {.ends = 20L * 86400})}),
         {{Option::certificate, Weight::warning, "expires on"}});
  expect(options_of({pki.sign("gone", "DNS:a.example", {.ends = -5})}),
         {{Option::certificate, Weight::expired, "expired on"}});
  expect(options_of({pki.sign("early", "DNS:a.example", {.begins = 86400, .ends = 400L * 86400})}),
         {{Option::certificate, Weight::expired, "not valid before"}});
  REQUIRE(::chmod(year.key.c_str(), 0644) == 0);
  expect(options_of({year}), {{Option::key, Weight::warning, "everybody"}});
}

std::string content_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST_CASE("a chain goes up from the certificate, and a broken file is no shorter chain", "[tls_server]") {
  Pki pki;
  test::CertificateAuthority other(pki.folder.path(), "other_ca");
  const auto files = pki.sign("server", "DNS:a.example", {.ends = 365L * 86400});
  const auto with = [&](const std::string& text) {
    const std::string path = pki.folder.path("chain.crt");
    std::ofstream(path) << text;
    return options_of({{path, files.key}});
  };
  const std::string leaf = content_of(files.certificate);
  expect(with(leaf + content_of(pki.ca.file())), {});
  expect(with("# a comment\n" + leaf + "\n\n" + content_of(pki.ca.file())), {});
  expect(with(leaf + content_of(other.file())), {{Option::certificate, Weight::warning, "out of order"}});
  expect(with(content_of(pki.ca.file()) + leaf), {{Option::key, Weight::error, "does not belong"}});
  expect(with(leaf + leaf.substr(0, leaf.size() / 2)), {{Option::certificate, Weight::error, "certificate 2"}});
  expect(with(leaf + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
         {{Option::certificate, Weight::error, "certificate 2"}});
}

TEST_CASE("a key with a passphrase is refused, not asked for", "[tls_server]") {
  Pki pki;
  const auto files = pki.sign("server", "DNS:a.example", {.ends = 365L * 86400});
  std::FILE* in = std::fopen(files.key.c_str(), "r");
  const KeyPtr key(PEM_read_PrivateKey(in, nullptr, nullptr, nullptr));
  std::fclose(in);
  const std::string path = pki.folder.path("locked.key");
  std::FILE* out = std::fopen(path.c_str(), "w");
  const unsigned char word[] = "secret";
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  REQUIRE(PEM_write_PrivateKey(out, key.get(), EVP_aes_128_cbc(), word, 6, nullptr, nullptr) == 1);
  std::fclose(out);
  expect(options_of({{files.certificate, path}}), {{Option::key, Weight::error, "encrypted"}});
}

// A key update is 27 bytes, and costs a derivation of keys: millions of them in one read must not hold the loop.
TEST_CASE("new keys are taken, but not without end", "[tls_server]") {
  Pki pki;
  const auto server = open(options_of({pki.sign("server", "DNS:a.example", {.ends = 365L * 86400})}));
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
  const ContextPtr context(SSL_CTX_new(TLS_client_method()));
  const std::unique_ptr<SSL, OpenSslFree<SSL_free>> client(SSL_new(context.get()));
  SSL_set_fd(client.get(), ends[0]);
  SSL_set_connect_state(client.get());
  TlsSession session(server, ends[1]);
  for (int i = 0; i < 20; ++i) {
    SSL_do_handshake(client.get());
    session.handshake();
  }
  const int asks = GENERATE(SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED);
  std::array<char, 100> got{};
  const auto update = [&](int times) {
    for (int i = 0; i < times; ++i) {
      REQUIRE(SSL_key_update(client.get(), asks) == 1);
      REQUIRE(SSL_do_handshake(client.get()) == 1);
    }
  };
  update(50);
  REQUIRE(SSL_write(client.get(), "hello", 5) == 5);
  const Io first = session.read(got);
  CHECK(std::string_view(got.data(), first.bytes) == "hello");
  CHECK(SSL_read(client.get(), got.data(), 1) == -1);  // their answers
  update(51);
  CHECK(session.read(got).kind == Io::Kind::failed);
  CHECK(session.error() == "TLS: too many new keys or tickets");
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace weir
