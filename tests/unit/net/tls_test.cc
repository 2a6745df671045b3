// TLS towards a server: which certificates are taken, and bytes in both directions over a socket that never blocks.
#include "proxy/net/tls.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/certificates.h"
#include "tests/support/temporary_folder.h"

namespace weir {
namespace {

struct Pki {
  test::TemporaryFolder folder;
  test::CertificateAuthority ca{folder.path(), "ca"}, other_ca{folder.path(), "other"};
  test::CertificateFiles files = ca.sign("server", "DNS:localhost,DNS:*.cache.example,IP:127.0.0.1,IP:::1");
};

// The other end of a socket pair: a server's side of TLS, blocking, on a thread of its own.
class Peer {
 public:
  using Talk = std::function<void(SSL*)>;

  Peer(const test::CertificateFiles& files, Talk talk, int highest = 0) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    client_ = ends[0];
    ::fcntl(client_, F_SETFL, O_NONBLOCK);
    thread_ = std::thread([server = ends[1], files, highest, talk = std::move(talk)] {
      sigset_t pipe;  // of this thread's own: ours mustn't need it
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      SSL_CTX* context = SSL_CTX_new(TLS_server_method());
      SSL_CTX_use_certificate_file(context, files.certificate.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_set_security_level(context, 0);
      if (highest != 0) SSL_CTX_set_max_proto_version(context, highest);
      SSL* session = SSL_new(context);
      SSL_set_fd(session, server);
      if (SSL_accept(session) == 1) talk(session);
      SSL_free(session);
      SSL_CTX_free(context);
      ::close(server);
    });
  }
  ~Peer() {
    ::close(client_);
    thread_.join();
  }
  int client() const { return client_; }

 private:
  int client_ = -1;
  std::thread thread_;
};

void wait_for(int fd, const TlsSession& session) {
  pollfd one{.fd = fd, .events = session.wants_write() ? short{POLLOUT} : short{POLLIN}, .revents = 0};
  REQUIRE(::poll(&one, 1, 10'000) == 1);
}

// Calls until it is no more Kind::again.
template <class Call>
Io insist(int fd, TlsSession& session, Call call) {
  for (;;) {
    const Io io = call();
    if (io.kind != Io::Kind::again) return io;
    wait_for(fd, session);
  }
}

std::shared_ptr<const TlsContext> trusting(const std::string& ca_file, bool verify = true) {
  auto context = TlsContext::open({.ca_file = ca_file, .verify = verify});
  REQUIRE(context.ok());
  return *context;
}

// "" where the handshake went well.
std::string shake(const Pki& pki, const std::shared_ptr<const TlsContext>& context, const std::string& host,
                  int highest = 0) {
  Peer peer(
      pki.files, [](SSL*) {}, highest);
  TlsSession session(context, peer.client(), host);
  const Io io = insist(peer.client(), session, [&] { return session.handshake(); });
  if (io.kind == Io::Kind::moved) return "";
  CHECK(io.kind == Io::Kind::failed);
  CHECK(!session.error().empty());
  return session.error();
}

TEST_CASE("a certificate must be signed by who is trusted, and be for the name that was meant", "[tls]") {
  const Pki pki;
  const auto right = trusting(pki.ca.file());
  const auto wrong = trusting(pki.other_ca.file());
  const auto system = trusting("");
  const auto anything = trusting("", false);
  for (const auto* host : {"localhost", "LOCALHOST", "127.0.0.1", "::1", "a.cache.example"}) {
    CAPTURE(host);
    CHECK(shake(pki, right, host).empty());
    CHECK(shake(pki, anything, host).empty());
    CHECK(shake(pki, wrong, host).find("certificate") != std::string::npos);
    CHECK(shake(pki, system, host).find("certificate") != std::string::npos);
  }
  for (const auto* host : {"example.com", "127.0.0.2", "::2", "local", "a.b.cache.example", "cache.example"}) {
    CAPTURE(host);
    CHECK(shake(pki, right, host).find("mismatch") != std::string::npos);
    CHECK(shake(pki, anything, host).empty());
  }
  CHECK(!shake(pki, right, "").empty());
}

TEST_CASE("nothing older than TLS 1.2 is spoken", "[tls]") {
  const Pki pki;
  const auto context = trusting(pki.ca.file());
  CHECK(shake(pki, context, "localhost", TLS1_2_VERSION).empty());
  CHECK(!shake(pki, context, "localhost", TLS1_1_VERSION).empty());
}

TEST_CASE("a file that holds no certificates is said by name", "[tls]") {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path("garbage")) << "no certificate\n";
  for (const auto* name : {"garbage", "missing"}) {
    const auto context = TlsContext::open({.ca_file = folder.path(name)});
    REQUIRE(!context.ok());
    CHECK(context.error().side == Side::config);
    CHECK(context.error().detail.find(folder.path(name)) != std::string::npos);
  }
}

TEST_CASE("names are sent, addresses are not", "[tls]") {
  const Pki pki;
  for (const auto& [host, sent] : {std::pair{"localhost", "localhost"}, std::pair{"127.0.0.1", ""}}) {
    std::string heard = "nothing";
    {
      Peer peer(pki.files, [&heard](SSL* session) {
        const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
        heard = name == nullptr ? "" : name;
      });
      TlsSession session(trusting(pki.ca.file()), peer.client(), host);
      CHECK(insist(peer.client(), session, [&] { return session.handshake(); }).kind == Io::Kind::moved);
    }
    CHECK(heard == sent);
  }
}

// "full" or "resumed", by what the server says of it, too.
std::string shake_knowing(const Pki& pki, const std::shared_ptr<TlsResumption>& known, int highest) {
  bool reused = false;
  std::string heard;
  {
    Peer peer(
        pki.files,
        [&reused](SSL* session) {
          reused = SSL_session_reused(session) == 1;
          SSL_write(session, "hello", 5);
          SSL_shutdown(session);
        },
        highest);
    TlsSession session(trusting(pki.ca.file()), peer.client(), "localhost");
    session.resume(known);
    REQUIRE(insist(peer.client(), session, [&] { return session.handshake(); }).kind == Io::Kind::moved);
    std::array<char, 100> bytes;
    REQUIRE(insist(peer.client(), session, [&] { return session.read(bytes); }).bytes == 5);  // after its tickets
    heard = session.resumed() ? "resumed" : "full";
  }
  CHECK(reused == (heard == "resumed"));
  return heard;
}

TEST_CASE("a server that forgets its keys is shaken hands with in full, and nothing is lost", "[tls]") {
  const Pki pki;
  for (const int highest : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto known = std::make_shared<TlsResumption>();
    for (int i = 0; i < 4; ++i) CHECK(shake_knowing(pki, known, highest) == "full");  // each Peer has keys of its own
  }
}

TEST_CASE("sessions are kept in a bounded number, the unused before the used", "[tls]") {
  TlsResumption known;
  CHECK(known.take() == nullptr);
  const auto session = [](unsigned char mark) {
    TlsResumption::Session made(SSL_SESSION_new());
    SSL_SESSION_set1_id(made.get(), &mark, 1);
    return made;
  };
  const auto mark = [](const TlsResumption::Session& one) {
    unsigned length = 0;
    return *SSL_SESSION_get_id(one.get(), &length);
  };
  for (unsigned char i = 1; i <= 10; ++i) known.keep(session(i));
  for (const int expected : {10, 9, 8, 7, 6, 5, 4, 3, 10, 9}) CHECK(mark(known.take()) == expected);
  known.keep(session(11));
  CHECK(mark(known.take()) == 11);
  for (const int gone : {1, 2}) {
    for (int i = 0; i < 8; ++i) CHECK(mark(known.take()) != gone);
  }
}

TEST_CASE("contexts are the same for the same options and the same content of files", "[tls]") {
  const Pki pki;
  const test::TemporaryFolder folder;
  const auto copy = [&folder](const std::string& from) {
    std::ofstream(folder.path("ca")) << std::ifstream(from).rdbuf();
    return TlsContext::open({.ca_file = folder.path("ca")}).value()->identity();
  };
  const std::string first = copy(pki.ca.file());
  CHECK(copy(pki.ca.file()) == first);
  CHECK(copy(pki.other_ca.file()) != first);
  CHECK(trusting("")->identity() == trusting("")->identity());
  CHECK(trusting("")->identity() != trusting("", false)->identity());
}

TEST_CASE("the server chooses among the protocols that are offered", "[tls]") {
  const Pki pki;
  Peer peer(pki.files, [](SSL*) {});  // knows nothing of ALPN
  TlsSession session(trusting(pki.ca.file()), peer.client(), "localhost");
  session.offer("\x02h2\x08http/1.1");
  REQUIRE(insist(peer.client(), session, [&] { return session.handshake(); }).kind == Io::Kind::moved);
  CHECK(session.protocol().empty());
}

TEST_CASE("megabytes go both ways in pieces of any size", "[tls]") {
  const Pki pki;
  Peer peer(pki.files, [](SSL* session) {  // an echo
    std::array<char, 5000> bytes;
    for (int got = 0; (got = SSL_read(session, bytes.data(), bytes.size())) > 0;) SSL_write(session, bytes.data(), got);
    SSL_shutdown(session);
  });
  TlsSession session(trusting(pki.ca.file()), peer.client(), "localhost");
  REQUIRE(insist(peer.client(), session, [&] { return session.handshake(); }).kind == Io::Kind::moved);
  std::string sent, heard;
  for (int i = 0; i < 400'000; ++i) sent += std::to_string(i);
  std::size_t done = 0;
  std::array<char, 30'000> bytes;
  while (heard.size() < sent.size()) {
    if (done < sent.size()) {
      // Three pieces, the second one empty.
      const std::size_t first = std::min<std::size_t>(sent.size() - done, 1 + done % 20'000);
      const std::size_t last = std::min<std::size_t>(sent.size() - done - first, 3000);
      const std::array<iovec, 3> pieces{
          {{sent.data() + done, first}, {nullptr, 0}, {sent.data() + done + first, last}}};
      const Io io = session.write(pieces);
      REQUIRE((io.kind == Io::Kind::moved || io.kind == Io::Kind::again));
      done += io.bytes;
    }
    const Io io = session.read(bytes);
    REQUIRE((io.kind == Io::Kind::moved || io.kind == Io::Kind::again));
    heard.append(bytes.data(), io.bytes);
    if (io.kind == Io::Kind::again && done == sent.size()) wait_for(peer.client(), session);
  }
  CHECK(heard == sent);
}

TEST_CASE("an end with a goodbye is an end, one without is a failure", "[tls]") {
  const Pki pki;
  for (const bool goodbye : {true, false}) {
    Peer peer(pki.files, [goodbye](SSL* session) {
      SSL_write(session, "bye", 3);
      if (goodbye) SSL_shutdown(session);
    });
    TlsSession session(trusting(pki.ca.file()), peer.client(), "localhost");
    REQUIRE(insist(peer.client(), session, [&] { return session.handshake(); }).kind == Io::Kind::moved);
    std::array<char, 100> bytes;
    const Io data = insist(peer.client(), session, [&] { return session.read(bytes); });
    CHECK(data.bytes == 3);
    const Io end = insist(peer.client(), session, [&] { return session.read(bytes); });
    CHECK(end.kind == (goodbye ? Io::Kind::ended : Io::Kind::failed));
  }
}

TEST_CASE("a peer that speaks no TLS, or leaves, is a failure", "[tls]") {
  const Pki pki;
  for (const std::string said : {"", "HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x03"}) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    TlsSession session(trusting(pki.ca.file()), ends[0], "localhost");
    CHECK(session.handshake().kind == Io::Kind::again);
    CHECK(::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size()));
    ::close(ends[1]);
    CHECK(insist(ends[0], session, [&] { return session.handshake(); }).kind == Io::Kind::failed);
    CHECK(session.error().starts_with("TLS: "));
    // Writing to who has left ends in an error, not in a signal.
    const std::array<iovec, 1> piece{{{const_cast<char*>("x"), 1}}};
    CHECK(session.write(piece).kind == Io::Kind::failed);
    ::close(ends[0]);
  }
}

}  // namespace
}  // namespace weir
