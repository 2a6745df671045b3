// A PostgreSQL of the tests' own, in a folder of its own that goes with it; on loopback and a unix socket. One that is
// started once serves a whole test program; each test makes a database of its own in it.
#pragma once

#include <libpq-fe.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

class PostgresServer {
 public:
  static PostgresServer& shared();  // started at the first call, stopped at the program's end

  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  void start();  // returns when it answers
  enum class Stop { fast, at_once };
  void stop(Stop how = Stop::fast);  // at_once: as a crash; what was not flushed is lost

  void start_as_standby();  // after stop(): takes no writes until `SELECT pg_promote()`, then is on another timeline

  std::string new_database();  // its name
  // Of a superuser, over the socket and without a password; `user`: over TCP, with the password below.
  std::string url(const std::string& database) const;
  std::string tcp_url(const std::string& database, const std::string& user,
                      const std::string& host = "127.0.0.1") const;
  static const char* password() { return "s3cret%40word"; }  // as a URL has it
  static const char* plain_password() { return "s3cret@word"; }

 private:
  struct Child {
    pid_t pid = -1;
    int wait();  // its exit status
  };
  Child spawn(std::vector<std::string> command);
  void run(std::vector<std::string> command);
  std::string log() const;

  std::string folder_;
  std::string bin_;
  int port_ = 0;
  int databases_ = 0;
  Child server_;
};

// A client as others have it: blocking. What fails throws, so that it may be used on any thread.
class Sql {
 public:
  using Row = std::vector<std::optional<std::string>>;

  explicit Sql(const std::string& url);
  std::vector<Row> operator()(const std::string& sql);  // several statements: the last one's rows
  std::string value(const std::string& sql);            // of the first row and column
  std::string error(const std::string& sql);            // the message that it must fail with

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> run(const std::string& sql);

  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace weir::test
