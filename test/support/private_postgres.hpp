#pragma once

#include "test/support/child_process.hpp"
#include "test/support/private_directory.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pgtrickle::test {

/// How PostgreSQL is stopped, in pg_ctl's words.
enum class stop_mode : std::uint8_t { smart, fast, immediate };

/// A PostgreSQL cluster of the test's own, on a unix socket and 127.0.0.1.
/// Its superuser `postgres` needs no password.
class private_postgres {
public:
  /// Creates and starts the cluster. `settings` are lines of postgresql.conf
  /// that come after those of every such cluster.
  explicit private_postgres(const std::string& settings = {});

  /// A base backup of `original`, which runs. `settings` come after those of
  /// the original; it is not started.
  private_postgres(const private_postgres& original,
                   const std::string& settings);
  /// Adds lines to postgresql.conf, which the next start reads.
  void configure(const std::string& settings) const;
  /// Makes the data directory a standby's, or one that is to be recovered: with
  /// an empty file of that name.
  void signal_file(const std::string& name) const;

  private_postgres(const private_postgres&) = delete;
  private_postgres& operator=(const private_postgres&) = delete;
  /// Stops and removes it.
  ~private_postgres();

  [[nodiscard]] std::string conninfo(const std::string& database = "postgres",
                                     const std::string& user
                                     = "postgres") const;
  [[nodiscard]] std::string socket_dir() const { return dir_.path(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// What the server has logged so far.
  [[nodiscard]] std::string log() const;

  void stop(stop_mode mode = stop_mode::fast);
  /// Starts it again, on the same port; returns once it takes connections.
  void start();

private:
  private_directory dir_;
  std::uint16_t port_ = free_port();
  std::optional<child_process> server_;
};

} // namespace pgtrickle::test
