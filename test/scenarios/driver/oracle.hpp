#pragma once

#include "test/scenarios/driver/world.hpp"

#include <chrono>
#include <map>

namespace pgtrickle::test::driver {

/// What has to be true when nobody does anything. It remembers how far each
/// stream table had come.
class oracle {
public:
  oracle(world& all, journal& notes) : all_(all), notes_(notes) {}

  /// Waits until everything is as it has to be; what isn't in time becomes a
  /// violation.
  void check();

private:
  struct position {
    std::string data_timestamp;
    std::string xmax;
  };

  void resume_what_stands_still(session& db);
  std::vector<std::string> wrong_tables(session& db);
  std::vector<std::string> remains(session& db, const std::string& database);
  std::vector<std::string> wrong_in(const std::string& database);
  void note_circumstances(session& db);
  void check_history(session& db, const std::string& database);
  void check_progress(session& db, const std::string& database);

  world& all_;
  journal& notes_;
  std::chrono::steady_clock::time_point resumed_at_{};
  /// By database and number of the stream table.
  std::map<std::string, position> reached_;
  std::map<std::string, std::string> seen_history_;
};

} // namespace pgtrickle::test::driver
