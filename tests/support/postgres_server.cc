// Starts and stops a PostgreSQL for tests; see postgres_server.h. As root it runs as the user postgres, since it
// refuses to run as root. Should the test program die, the kernel tells the server to stop.
#include "tests/support/postgres_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace weir::test {
namespace {

namespace fs = std::filesystem;

// The newest installed: Debian keeps the server's programs outside of PATH.
std::string programs() {
  if (const char* const given = std::getenv("PG_BIN")) return given;
  int newest = 0;
  const fs::path debian = "/usr/lib/postgresql";
  if (fs::exists(debian)) {
    for (const auto& one : fs::directory_iterator(debian)) {
      newest = std::max(newest, std::atoi(one.path().filename().c_str()));
    }
  }
  const fs::path bin = debian / std::to_string(newest) / "bin";
  if (!fs::exists(bin / "postgres"))
    throw std::runtime_error("PostgreSQL is not installed (postgresql), or set PG_BIN");
  return bin;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : bin_(programs()), port_(free_port()) {
  folder_ = (fs::temp_directory_path() / "weir-postgres.XXXXXX").string();
  if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  const std::string password_file = folder_ + "/password";
  std::ofstream(password_file) << plain_password() << "\n";
  if (::getuid() == 0) {
    const passwd* const user = ::getpwnam("postgres");
    if (user == nullptr) throw std::runtime_error("as root, PostgreSQL needs the user postgres");
    for (const std::string& path : {folder_, password_file}) {
      if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown: " + path);
    }
  }
  ::chmod(folder_.c_str(), 0755);
  run({bin_ + "/initdb", "-D", folder_ + "/data", "-U", "owner", "--auth-local=trust", "--auth-host=scram-sha-256",
       "--pwfile=" + password_file, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"});
  start();
}

PostgresServer::~PostgresServer() {
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

PostgresServer::Child PostgresServer::spawn(std::vector<std::string> command) {
  std::vector<std::string> words{"setpriv", "--pdeathsig=SIGINT"};
  if (::getuid() == 0) {
    for (const char* word : {"--reuid=postgres", "--regid=postgres", "--clear-groups"}) words.emplace_back(word);
  }
  words.emplace_back("--");
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, (folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  Child child;
  const int error = ::posix_spawnp(&child.pid, "setpriv", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("setpriv can't be started");
  return child;
}

int PostgresServer::Child::wait() {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  pid = -1;
  return status;
}

void PostgresServer::run(std::vector<std::string> command) {
  const std::string name = command.front();
  if (spawn(std::move(command)).wait() != 0) throw std::runtime_error(name + " failed:\n" + log());
}

std::string PostgresServer::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_ + "/log").rdbuf();
  return text.str();
}

void PostgresServer::start() {
  server_ = spawn({bin_ + "/postgres", "-D", folder_ + "/data", "-c", "port=" + std::to_string(port_), "-c",
                   "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + folder_, "-c", "fsync=off", "-c",
                   "max_prepared_transactions=5", "-c", "max_connections=50"});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    if (::waitpid(server_.pid, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("PostgreSQL doesn't start:\n" + log());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void PostgresServer::start_as_standby() {
  std::ofstream(folder_ + "/data/standby.signal") << "";
  start();
}

void PostgresServer::stop(Stop how) {
  if (server_.pid < 0) return;
  ::kill(server_.pid, how == Stop::fast ? SIGINT : SIGQUIT);
  server_.wait();
}

std::string PostgresServer::new_database() {
  const std::string name = "test" + std::to_string(++databases_);
  Sql(url("postgres"))("CREATE DATABASE " + name);
  return name;
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgres://owner@/" + database + "?host=" + folder_ + "&port=" + std::to_string(port_);
}

std::string PostgresServer::tcp_url(const std::string& database, const std::string& user,
                                    const std::string& host) const {
  return "postgres://" + user + ":" + password() + "@" + host + ":" + std::to_string(port_) + "/" + database;
}

Sql::Sql(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
  PQsetNoticeReceiver(
      connection_.get(), [](void*, const PGresult*) {}, nullptr);
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
}

std::unique_ptr<PGresult, void (*)(PGresult*)> Sql::run(const std::string& sql) {
  return {PQexec(connection_.get(), sql.c_str()), PQclear};
}

std::vector<Sql::Row> Sql::operator()(const std::string& sql) {
  const auto result = run(sql);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(sql + ": " + PQresultErrorMessage(result.get()));
  }
  std::vector<Row> rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      const int row = static_cast<int>(i);
      const bool null = PQgetisnull(result.get(), row, column) != 0;
      rows[i].push_back(null ? std::nullopt : std::optional<std::string>(PQgetvalue(result.get(), row, column)));
    }
  }
  return rows;
}

std::string Sql::value(const std::string& sql) {
  const auto rows = (*this)(sql);
  if (rows.empty()) throw std::runtime_error(sql + ": no row");
  return rows.front().front().value_or("");
}

std::string Sql::error(const std::string& sql) {
  const auto result = run(sql);
  if (PQresultStatus(result.get()) != PGRES_FATAL_ERROR) throw std::runtime_error(sql + ": should fail");
  return PQresultErrorMessage(result.get());
}

}  // namespace weir::test
