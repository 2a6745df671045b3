// libpq on a loop; see postgres_connection.h.
#include "proxy/shared/postgres_connection.h"

#include <utility>

#include "proxy/base/text.h"

namespace weir {
namespace {

// Options of ours stand first, so that the URL's win: libpq takes the last.
struct Words {
  std::vector<const char*> keys, values;
  void add(const char* key, const std::string& value) {
    keys.push_back(key);
    values.push_back(value.c_str());
  }
};

PGconn* start(const PostgresTarget& target, const PostgresTarget::Host& host, const std::string& address) {
  Words words;
  const std::string name = "weir";
  const std::string off = "disable";
  const std::string primary = "read-write";
  words.add("application_name", name);
  words.add("gssencmode", off);                // asks a key server, and waits for it
  words.add("target_session_attrs", primary);  // a standby can't listen
  for (const auto& [key, value] : target.options) words.add(key.c_str(), value);
  words.add("host", host.name);
  words.add("hostaddr", address.empty() ? host.address : address);
  words.add("port", host.port);
  words.keys.push_back(nullptr);
  words.values.push_back(nullptr);
  return PQconnectStartParams(words.keys.data(), words.values.data(), 0);
}

// A table, schema or function that isn't there.
bool is_missing(std::string_view state) {
  return state == "42P01" || state == "3F000" || state == "42883";
}

}  // namespace

std::string_view PostgresRows::text(std::size_t row, int column) const {
  const int at = static_cast<int>(row);
  return {PQgetvalue(result_.get(), at, column), static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
}

std::uint64_t PostgresRows::touched() const {
  return parse_number(PQcmdTuples(result_.get())).value_or(0);
}

PostgresConnection::PostgresConnection(Loop& loop, const PostgresTarget& target, const PostgresTarget::Host& host,
                                       const std::string& address, Duration connect_timeout, User& user)
    : loop_(loop),
      target_(target),
      where_(host.text()),
      user_(user),
      connection_(start(target, host, address)),
      deadline_(loop, [this] { lose(Code::timeout, connected_ ? "no answer in time" : "no connection in time"); }) {
  WEIR_CHECK(connection_ != nullptr);  // no memory
  PQsetNoticeReceiver(
      connection_, [](void*, const PGresult*) {}, nullptr);  // else they go to standard error
  if (PQstatus(connection_) == CONNECTION_BAD) {
    loop_.defer([this, alive = std::weak_ptr<const int>(alive_)] {
      if (!alive.expired()) lose(Code::refused, PQerrorMessage(connection_));
    });
    return;
  }
  deadline_.set(connect_timeout);
  watch(false, true);
}

PostgresConnection::~PostgresConnection() {
  watch_.reset();  // before the descriptor closes
  PQfinish(connection_);
}

// libpq may have closed its socket and opened another one under the same number: a watch is for one round only.
void PostgresConnection::drop_watch() {
  if (!watch_) return;
  watch_->want_read(false);
  watch_->want_write(false);
  loop_.dispose(std::move(watch_));  // we may be inside its callback
}

void PostgresConnection::watch(bool read, bool write) {
  if (!watch_) watch_ = std::make_unique<Watch>(loop_, PQsocket(connection_), this, on_ready, on_ready);
  watch_->want_read(read);
  watch_->want_write(write);
}

void PostgresConnection::ready() {
  if (lost_) return;
  if (!connected_) return poll_connect();
  if (!flush()) return;
  read();
}

void PostgresConnection::poll_connect() {
  drop_watch();
  switch (PQconnectPoll(connection_)) {
    case PGRES_POLLING_READING: return watch(true, false);
    case PGRES_POLLING_WRITING: return watch(false, true);
    case PGRES_POLLING_OK: break;
    default: return lose(Code::refused, PQerrorMessage(connection_));
  }
  if (PQsetnonblocking(connection_, 1) != 0) return lose(Code::internal, PQerrorMessage(connection_));
  connected_ = true;
  deadline_.clear();
  watch(true, false);
  user_.on_postgres_connected();
}

void PostgresConnection::ask(const std::string& sql, const Parameters& parameters, Duration deadline, Done done) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& one : parameters) values.push_back(one ? one->c_str() : nullptr);
  sent(PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                         nullptr, 0) == 1,
       deadline, std::move(done));
}

void PostgresConnection::script(const std::string& sql, Duration deadline, Done done) {
  sent(PQsendQuery(connection_, sql.c_str()) == 1, deadline, std::move(done));
}

void PostgresConnection::sent(bool well, Duration deadline, Done done) {
  WEIR_CHECK(idle());
  done_ = std::move(done);
  deadline_.set(deadline);
  // Never from inside the call: what went wrong is told at the end of the turn.
  loop_.defer([this, well, alive = std::weak_ptr<const int>(alive_)] {
    if (alive.expired() || lost_) return;
    if (!well) return lose(Code::closed, PQerrorMessage(connection_));
    flush();
  });
}

// False: the connection is lost.
bool PostgresConnection::flush() {
  const int left = PQflush(connection_);
  if (left < 0) {
    lose(Code::closed, PQerrorMessage(connection_));
    return false;
  }
  watch(true, left > 0);
  return true;
}

void PostgresConnection::read() {
  if (PQconsumeInput(connection_) == 0) return lose(Code::closed, PQerrorMessage(connection_));
  const bool answered = take_results();
  if (lost_) return;
  bool notified = false;
  while (PGnotify* const notification = PQnotifies(connection_)) {
    notified = true;
    PQfreemem(notification);
  }
  const std::weak_ptr<const int> alive(alive_);
  if (notified) user_.on_postgres_notified();
  if (alive.expired() || lost_ || !answered) return;
  deadline_.clear();
  const auto rows = std::exchange(rows_, nullptr);
  auto done = std::exchange(done_, nullptr);
  done(std::move(*rows));  // may ask the next
}

// True: the statement is over. An error among its results loses the connection.
bool PostgresConnection::take_results() {
  while (done_ && PQisBusy(connection_) == 0) {
    PGresult* const result = PQgetResult(connection_);
    if (result == nullptr) {
      if (!rows_) lose(Code::malformed, "an answer without a result");
      return !lost_;
    }
    rows_ = std::make_unique<PostgresRows>(result);
    const auto status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) continue;
    const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* const said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    std::string detail = said != nullptr ? said : PQresultErrorMessage(result);
    if (state != nullptr) detail.append(" (SQLSTATE ").append(state).append(")");
    const std::string_view code = state != nullptr ? state : "";
    lose(code == "42501" ? Code::denied : is_missing(code) ? Code::not_found : Code::closed, detail);
    return false;
  }
  return false;
}

void PostgresConnection::lose(Code code, std::string_view detail) {
  if (std::exchange(lost_, true)) return;
  deadline_.clear();
  drop_watch();
  done_.reset();
  // Said last: whoever hears it disposes of us.
  user_.on_postgres_lost(Error{Side::internal, code, where_ + ": " + target_.safe(detail)});
}

}  // namespace weir
