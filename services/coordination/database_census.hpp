#pragma once

#include "services/core/ids.hpp"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pgtrickle {

/// A database of the PostgreSQL cluster.
struct database_id {
  oid id = 0;
  std::string name;

  auto operator<=>(const database_id&) const = default;
};

/// A database as the shared catalogs show it.
struct database_row {
  database_id database;
  /// CREATE EXTENSION sets pg_trickle.enabled for its database.
  bool is_marked = false;
};

/// Knows which databases have the extension, and which to look into to learn
/// it: a look costs a connection, so each has its time.
class database_census {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A marked database where the extension was missing.
  static constexpr std::chrono::seconds marked_interval{5};
  /// A database without the mark: its extension came some other way.
  static constexpr std::chrono::seconds unmarked_interval{60};

  /// Takes in what exists; returns the databases to look into at `now`.
  [[nodiscard]] std::vector<database_id>
  observe(const std::vector<database_row>& rows, time_point now);

  /// What the look into a database found.
  void looked_into(oid database, bool has_extension, time_point now);

  /// The extension was found gone.
  void lost(oid database, time_point now);

  /// Every database that has the extension.
  [[nodiscard]] std::set<database_id> with_extension() const;

private:
  struct entry {
    database_row row;
    bool has_extension = false;
    time_point next_look;
  };

  [[nodiscard]] static time_point next_look_of(const entry& known,
                                               time_point now);

  std::map<oid, entry> databases_;
};

} // namespace pgtrickle
