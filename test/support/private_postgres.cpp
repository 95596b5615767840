#include "test/support/private_postgres.hpp"

#include "test/support/contents.hpp"
#include "test/support/eventually.hpp"

#include <csignal>
#include <fstream>
#include <libpq-fe.h>
#include <stdexcept>

namespace pgtrickle::test {

namespace {

const std::string binaries = "/usr/lib/postgresql/15/bin/";

// Durability is not what is tested: the machine does not crash in a test.
const std::string configuration = R"(
listen_addresses = '127.0.0.1'
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 128MB
track_commit_timestamp = off
log_line_prefix = '%m [%p] %q%a '
)";

} // namespace

private_postgres::private_postgres(const std::string& settings) {
  const auto data = dir_.path() / "data";
  run({binaries + "initdb", "--pgdata", data, "--username=postgres",
       "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"});
  configure(configuration + settings);
  start();
}

private_postgres::private_postgres(const private_postgres& original,
                                   const std::string& settings) {
  run({binaries + "pg_basebackup", "--pgdata", dir_.path() / "data",
       "--checkpoint=fast", "--wal-method=stream", "--no-sync",
       "--dbname=" + original.conninfo()});
  configure(settings);
}

void private_postgres::configure(const std::string& settings) const {
  std::ofstream(dir_.path() / "data" / "postgresql.conf", std::ios::app)
    << settings << "\nport = " << port_ << "\nunix_socket_directories = '"
    << socket_dir() << "'\n";
}

void private_postgres::signal_file(const std::string& name) const {
  std::ofstream(dir_.path() / "data" / name).flush();
}

private_postgres::~private_postgres() {
  if (server_)
    stop(stop_mode::immediate);
}

std::string private_postgres::conninfo(const std::string& database,
                                       const std::string& user) const {
  return "host=" + socket_dir() + " port=" + std::to_string(port_)
         + " user=" + user + " dbname=" + database;
}

std::string private_postgres::log() const {
  return contents(dir_.path() / "log");
}

void private_postgres::stop(stop_mode mode) {
  if (!server_)
    return;
  server_->signal(mode == stop_mode::smart  ? SIGTERM
                  : mode == stop_mode::fast ? SIGINT
                                            : SIGQUIT);
  server_->wait();
  server_.reset();
}

void private_postgres::start() {
  const auto log = dir_.path() / "log";
  server_.emplace(
    std::vector<std::string>{binaries + "postgres", "-D", dir_.path() / "data"},
    log, SIGQUIT);
  const auto started = eventually(60s, [&] {
    return PQping(conninfo().c_str()) == PQPING_OK || !server_->running();
  });
  if (!started || !server_->running())
    throw std::runtime_error("PostgreSQL did not start: " + contents(log));
}

} // namespace pgtrickle::test
