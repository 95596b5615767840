#pragma once

#include "test/engine/property/coverage.hpp"
#include "test/engine/property/history.hpp"
#include "test/engine/stream_database.hpp"

#include <map>
#include <optional>

namespace pgtrickle::test {

/// How a history went.
struct verdict {
  enum class kind : std::uint8_t {
    /// Each stream table was right after each refresh, until its query gave
    /// the error `what`, if any.
    right,
    /// PostgreSQL itself does not take the queries or gives an error for them.
    invalid,
    wrong,
  };
  kind is = kind::right;
  std::string what;
};

/// Runs histories in one database, one after another, each in a schema that is
/// dropped after it.
class history_runner {
public:
  [[nodiscard]] verdict run(const history& whole);

  /// Also counts what is recomputed, which takes time.
  void count_recomputed() { counting_ = true; }
  /// By reason, of how many stream tables a part is recomputed.
  [[nodiscard]] const std::map<std::string, int>& recomputed() const {
    return recomputed_;
  }
  /// What the plans of all stream tables so far consist of.
  [[nodiscard]] const coverage& covered() const { return covered_; }
  /// Where the time went, in seconds.
  [[nodiscard]] const std::map<std::string, double>& spent() const {
    return spent_;
  }

private:
  void count(const defined_table& table);
  void open_sessions();
  void set_up(const history& whole);
  void tear_down();
  void create(const history& whole);
  void perform(const statements& s);
  void perform(const refresh_step& s, const history& whole);
  void perform(const sweep_step& s);
  void check(const defined_table& table);
  void check_nothing_is_left();
  [[nodiscard]] bool is_valid(const defined_table& table);
  void execute(pqxx::connection& session, const std::string& sql);

  stream_database database_;
  std::vector<std::unique_ptr<pqxx::connection>> users_;
  std::unique_ptr<postgres::session> creator_;
  std::unique_ptr<engine::refresher_session> refresher_;
  std::vector<stream_table_id> ids_;
  std::map<std::string, int> recomputed_;
  coverage covered_;
  std::map<std::string, double> spent_;
  bool counting_ = false;
  bool truncated_ = false;
  int runs_ = 0;
};

/// The smallest history found that is still wrong.
[[nodiscard]] history shrunk(history_runner& runner, history whole);

} // namespace pgtrickle::test
