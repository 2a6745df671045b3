// PostgresConnection: one connection to PostgreSQL through libpq, never blocking. One loop.
//
//   connecting ─► idle ─► asking ─► idle … ─► lost
//
// One statement at a time. It answers by callbacks, never from inside a call; after on_postgres_lost() it is only good
// to be disposed of. Whatever a statement fails by, the connection counts as lost: who uses it starts anew from what is
// stored.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/result.h"
#include "proxy/net/loop.h"
#include "proxy/shared/postgres_url.h"

namespace weir {

// What a statement returned.
class PostgresRows {
 public:
  explicit PostgresRows(PGresult* result) : result_(result) {}

  std::size_t size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
  bool is_null(std::size_t row, int column) const {
    return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
  }
  std::string_view text(std::size_t row, int column) const;  // empty for null
  bool yes(std::size_t row, int column) const { return text(row, column) == "t"; }
  std::uint64_t touched() const;  // rows that an INSERT or UPDATE wrote

 private:
  struct Free {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Free> result_;
};

class PostgresConnection {
 public:
  class User {
   public:
    virtual ~User() = default;
    virtual void on_postgres_connected() = 0;
    virtual void on_postgres_notified() = 0;  // something came on a channel that is listened to; also while asking
    virtual void on_postgres_lost(Error error) = 0;
  };
  using Parameters = std::vector<std::optional<std::string>>;  // none: null
  using Done = Callback<void(PostgresRows)>;

  // Connects at once. `address`: of a host that has a name, as no name is resolved here; else empty. `target` outlives
  // it.
  PostgresConnection(Loop& loop, const PostgresTarget& target, const PostgresTarget::Host& host,
                     const std::string& address, Duration connect_timeout, User& user);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // While idle only. `sql` with parameters is one statement; `script` may be several, and takes none.
  void ask(const std::string& sql, const Parameters& parameters, Duration deadline, Done done);
  void script(const std::string& sql, Duration deadline, Done done);
  bool idle() const { return connected_ && !lost_ && !done_; }

 private:
  static void on_ready(void* self) noexcept { static_cast<PostgresConnection*>(self)->ready(); }
  void ready();
  void poll_connect();
  void watch(bool read, bool write);
  void drop_watch();
  void sent(bool well, Duration deadline, Done done);
  bool flush();
  void read();
  bool take_results();
  void lose(Code code, std::string_view detail);

  Loop& loop_;
  const PostgresTarget& target_;
  const std::string where_;  // for people
  User& user_;
  PGconn* connection_ = nullptr;
  std::unique_ptr<Watch> watch_;
  Timer deadline_;
  Done done_;  // of the statement under way
  std::unique_ptr<PostgresRows> rows_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  // for work that is deferred
  bool connected_ = false, lost_ = false;
};

}  // namespace weir
