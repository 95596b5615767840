#pragma once

#include "test/engine/property/history.hpp"
#include "test/engine/stream_database.hpp"

#include <optional>

namespace pgtrickle::test {

/// How a history went.
struct verdict {
  enum class kind : std::uint8_t {
    /// Each stream table was right after each refresh.
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

private:
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
  std::unique_ptr<engine::refresher_session> refresher_;
  std::vector<stream_table_id> ids_;
  bool truncated_ = false;
  int runs_ = 0;
};

/// The smallest history found that is still wrong.
[[nodiscard]] history shrunk(history_runner& runner, history whole);

} // namespace pgtrickle::test
