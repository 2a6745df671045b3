// The files by which origins and weir know each other: what is wrong with them is said as it is of the listeners'
// files, at the option that named them.
#include "proxy/config/origin_tls.h"

#include <sys/stat.h>

#include <fstream>

#include "proxy/config/load.h"
#include "tests/support/catch.h"
#include "tests/support/certificates.h"
#include "tests/support/temporary_folder.h"

namespace weir {
namespace {

constexpr long kYear = 365L * 86400;

struct Origin {
  test::TemporaryFolder folder;
  test::CertificateAuthority ca{folder.path(), "ca"};
  bool opened = false;

  test::CertificateFiles sign(const std::string& name, test::CertificateOptions options = {}) const {
    return ca.sign(name, "DNS:" + name + ".test", options);
  }

  // Of an upstream whose tls begins on line 4; with the folder left out of it.
  std::string said_of(const std::string& options) {
    auto loaded = load_text("f", "upstreams:\n  api:\n    servers: https://a.test\n    tls:\n" + options,
                            [](const std::string&) { return std::nullopt; });
    REQUIRE(loaded.config);
    Diagnostics diagnostics;
    open_origin_tls(*loaded.config, diagnostics);
    opened = loaded.config->upstreams.at(0).tls_context != nullptr;
    std::string text = text_of(diagnostics);
    const std::string path = folder.path();
    for (auto at = text.find(path); at != std::string::npos; at = text.find(path)) text.erase(at, path.size());
    return text;
  }
  std::string said_of_pair(const std::string& certificate, const std::string& key) {
    return said_of("      certificate: \"" + certificate + "\"\n      key: \"" + key + "\"\n");
  }
  std::string said_of(const test::CertificateFiles& pair) { return said_of_pair(pair.certificate, pair.key); }
};

TEST_CASE("weir's own certificate for origins is held against the calendar", "[origin_tls]") {
  Origin origin;
  CHECK(origin.said_of(origin.sign("year", {.ends = kYear})).empty());
  CHECK(origin.opened);
  CHECK(origin.said_of(origin.sign("gone", {.begins = -9000, .ends = -5}))
            .starts_with("f:5:7: the certificate of gone.test expired on "));
  CHECK(origin.opened);  // what else the file says is right
  CHECK(origin.said_of(origin.sign("early", {.begins = 86400, .ends = kYear}))
            .starts_with("f:5:7: the certificate of early.test is not valid before "));
  CHECK(origin.said_of(origin.sign("soon", {.ends = 3L * 86400}))
            .starts_with("f:5:7: warning: the certificate of soon.test expires on "));
  CHECK(origin.opened);
}

TEST_CASE("a key that others may read is warned of", "[origin_tls]") {
  Origin origin;
  const auto files = origin.sign("year", {.ends = kYear});
  REQUIRE(::chmod(files.key.c_str(), 0644) == 0);
  CHECK(origin.said_of(files) == "f:6:7: warning: everybody on this machine may read the key year.key (chmod o-r)\n");
  CHECK(origin.opened);
}

TEST_CASE("whom weir trusts is held against the calendar, where it matters", "[origin_tls]") {
  Origin origin;
  const auto gone = origin.sign("gone", {.begins = -9000, .ends = -5});
  const std::string option = "      ca_file: \"" + gone.certificate + "\"\n";
  CHECK(origin.said_of(option).starts_with("f:5:7: the CA CN=gone in gone.crt expired on "));
  CHECK(origin.opened);
  CHECK(origin.said_of(option + "      verify: false\n").empty());
  const auto year = origin.sign("year", {.ends = kYear});
  CHECK(origin.said_of("      ca_file: \"" + year.certificate + "\"\n").empty());
  // A bundle in which one of them has ended goes on.
  const std::string bundle = origin.folder.path() + "bundle.crt";
  std::ofstream(bundle) << std::ifstream(gone.certificate).rdbuf() << std::ifstream(year.certificate).rdbuf();
  CHECK(origin.said_of("      ca_file: \"" + bundle + "\"\n")
            .starts_with("f:5:7: warning: the CA CN=gone in bundle.crt expired on "));
}

TEST_CASE("what can't be used is said with its cause, at its own option", "[origin_tls]") {
  Origin origin;
  const auto one = origin.sign("one", {.ends = kYear});
  const auto two = origin.sign("two", {.ends = kYear});
  const auto rsa = origin.sign("rsa", {.rsa = true, .ends = kYear});
  CHECK(origin.said_of_pair(one.certificate, two.key) ==
        "f:6:7: the key two.key does not belong to the certificate one.crt (the pair)\n");
  CHECK(origin.said_of_pair(one.certificate, rsa.key) ==
        "f:6:7: the key rsa.key does not belong to the certificate one.crt (the pair)\n");
  CHECK_FALSE(origin.opened);
  CHECK(origin.said_of_pair(one.certificate, "/nope.key") ==
        "f:6:7: can't read /nope.key: No such file or directory\n");
  CHECK(origin.said_of_pair("/nope.crt", one.key) == "f:5:7: can't read /nope.crt: No such file or directory\n");
  CHECK(origin.said_of("      ca_file: /nope.pem\n") == "f:5:7: can't read /nope.pem: No such file or directory\n");
  std::ofstream(origin.folder.path("nothing.pem")) << "nothing of use";
  CHECK(origin.said_of("      ca_file: \"" + origin.folder.path("nothing.pem") + "\"\n") ==
        "f:5:7: there is no certificate in nothing.pem (PEM)\n");
  CHECK_FALSE(origin.opened);
}

}  // namespace
}  // namespace weir
