#pragma once

#include "test/support/eventually.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"
#include "test/support/tcp_proxy.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pgtrickle::test {

/// How long an owner may be silent in these tests.
constexpr auto lease = 3s;
/// Silence, the looks of the others, and the opening of the database.
constexpr auto takeover_limit = lease + 5s;

/// A daemon with wires of its own to PostgreSQL and to NATS.
struct wired_daemon {
  wired_daemon(const private_postgres& postgres, const private_nats& nats,
               const std::string& name,
               const std::vector<std::string>& options = {});

  std::string name;
  tcp_proxy to_postgres;
  tcp_proxy to_nats;
  private_daemon process;
};

/// One PostgreSQL, one NATS, some databases, and any number of daemons. Each
/// database has a table `base`, and the stream table `copy` of it.
class fleet {
public:
  /// `databases` are called d1, d2, …
  explicit fleet(int databases, const std::string& postgres_settings = {});

  wired_daemon& start(const std::string& name,
                      const std::vector<std::string>& options = {});
  [[nodiscard]] wired_daemon& node(const std::string& name);
  /// Waits until each database is owned by the daemon that should have it.
  void settle() const;

  /// A session of the superuser; statements end after a minute.
  [[nodiscard]] session connect(const std::string& database,
                                const std::string& user = "postgres") const;
  [[nodiscard]] std::uint32_t oid_of(const std::string& database) const;
  [[nodiscard]] const std::vector<std::string>& databases() const {
    return databases_;
  }

  /// Who owns the database by its catalog.
  [[nodiscard]] std::string owner_of(const std::string& database) const;
  [[nodiscard]] std::int64_t epoch_of(const std::string& database) const;
  /// Whether a call from the database is answered by `node`.
  [[nodiscard]] bool is_served_by(const std::string& database,
                                  const std::string& node) const;
  /// Whether a row written now is in `copy` within `limit`.
  [[nodiscard]] bool follows(const std::string& database,
                             std::chrono::milliseconds limit) const;
  /// Whether every row of `base` was consumed by exactly one refresh.
  [[nodiscard]] bool consumed_all_once(const std::string& database) const;
  /// What the daemons have logged.
  [[nodiscard]] std::string logs() const;

  private_postgres postgres;
  private_nats nats;

private:
  void create(const std::string& database) const;

  std::vector<std::string> databases_;
  std::map<std::string, std::unique_ptr<wired_daemon>> nodes_;
};

/// One database, and two daemons of which one owns it, where it stays.
struct pair_of_daemons : fleet {
  pair_of_daemons();

  std::string owner;
  std::string other;
};

/// A name under which a daemon has a better claim to the database than those
/// of `others`.
[[nodiscard]] std::string better_than(const std::vector<std::string>& others,
                                      std::uint32_t database);

} // namespace pgtrickle::test
