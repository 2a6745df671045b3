// Redis over TLS: whose certificates are taken, and that all else is as without it.
#include "tests/support/catch.h"
#include "tests/support/certificates.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_impostor.h"
#include "tests/support/redis_server.h"

namespace weir {
namespace {

using test::RedisClient;
using test::RedisServer;

struct Pki {
  test::TemporaryFolder folder;
  test::CertificateAuthority ca{folder.path(), "ca"}, other_ca{folder.path(), "other"};
};

RedisServer::Options tls_server(const Pki& pki, const std::string& names) {
  const auto files = pki.ca.sign("server", names);
  return {.arguments = {"--tls-cert-file", files.certificate, "--tls-key-file", files.key, "--tls-auth-clients", "no"},
          .password = "pw",
          .tls = true};
}

RedisSettings settings(const RedisServer& server, const std::string& host, const std::string& ca_file,
                       bool verify = true) {
  auto made = test::settings_of({"rediss://:pw@" + host + ":" + std::to_string(server.port()) + "/1"});
  made.ca_file = ca_file;
  made.verify = verify;
  return made;
}

TEST_CASE("the right name and the right CA are spoken to, others are not", "[redis_tls]") {
  const Pki pki;
  RedisServer server(tls_server(pki, "DNS:localhost,IP:127.0.0.1"));
  RedisClient by_name(settings(server, "localhost", pki.ca.file()));
  CHECK(by_name.text({"SET", "k", "v"}) == "OK");
  RedisClient by_address(settings(server, "127.0.0.1", pki.ca.file()));
  CHECK(by_address.text({"GET", "k"}) == "v");

  RedisClient wrong_ca(settings(server, "localhost", pki.other_ca.file()));
  CHECK(wrong_ca.text({"GET", "k"}).find("certificate is refused") != std::string::npos);
  RedisClient system_ca(settings(server, "localhost", ""));
  CHECK(system_ca.text({"GET", "k"}).find("certificate is refused") != std::string::npos);
  RedisClient no_file(settings(server, "localhost", pki.folder.path("missing")));
  CHECK(no_file.text({"GET", "k"}).find("missing") != std::string::npos);
  RedisClient unverified(settings(server, "localhost", "", false));
  CHECK(unverified.text({"GET", "k"}) == "v");
}

TEST_CASE("a certificate for another name is refused, unless nobody looks", "[redis_tls]") {
  const Pki pki;
  RedisServer server(tls_server(pki, "DNS:cache.example"));
  for (const auto* host : {"localhost", "127.0.0.1"}) {
    RedisClient wrong(settings(server, host, pki.ca.file()));
    CHECK(wrong.text({"PING"}).find("mismatch") != std::string::npos);
    RedisClient unverified(settings(server, host, pki.ca.file(), false));
    CHECK(unverified.pongs());
  }
}

TEST_CASE("plain where TLS is spoken, and TLS where it isn't, are refused in time", "[redis_tls]") {
  const Pki pki;
  RedisServer with(tls_server(pki, "DNS:localhost"));
  RedisServer without;
  test::RedisImpostor silent([](int, const std::vector<std::string>&) { return ""; });
  RedisClient plain("redis://127.0.0.1:" + std::to_string(with.port()));
  CHECK(!plain.pongs());
  RedisClient tls(settings(without, "localhost", pki.ca.file()));
  CHECK(!tls.pongs());
  auto impatient = test::settings_of({"rediss://127.0.0.1:" + std::to_string(silent.port())});
  impatient.connect_timeout = std::chrono::milliseconds(100);
  RedisClient never(impatient);
  CHECK(!never.pongs());
}

TEST_CASE("pipelines, megabytes, a stop and a restart are the same over TLS", "[redis_tls]") {
  const Pki pki;
  RedisServer server(tls_server(pki, "DNS:localhost"));
  RedisClient client(settings(server, "localhost", pki.ca.file()));
  std::vector<RedisClient::Answer> answers;
  for (int i = 0; i < 1000; ++i) answers.push_back(client.begin({"ECHO", std::to_string(i)}));
  for (int i = 0; i < 1000; ++i)
    CHECK(RedisClient::wait(answers[static_cast<std::size_t>(i)])->text == std::to_string(i));
  const std::string value(3'000'000, 'v');
  CHECK(client.text({"SET", "k", value}) == "OK");
  CHECK(client.text({"GET", "k"}) == value);
  CHECK(client.counters().connects.read() == 1);

  server.pause();
  CHECK(client.ask({"GET", "k"}, RedisClient::kShort).error().code == Code::timeout);
  CHECK(test::eventually([&] { return !client.ask({"GET", "k"}, RedisClient::kShort).ok() && !client.well(); }));
  server.resume();
  CHECK(test::eventually([&] { return client.pongs(); }));
  server.kill();
  CHECK(test::eventually([&] { return !client.pongs() && !client.well(); }));
  server.start();
  CHECK(test::eventually([&] { return client.pongs(); }));
}

}  // namespace
}  // namespace weir
