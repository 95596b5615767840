#pragma once

#include "test/scenarios/driver/action.hpp"
#include "test/scenarios/driver/journal.hpp"
#include "test/support/session.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace pgtrickle::test::driver {

/// A user with a session in each database. What he is given to do he does one
/// after the other, in a thread of his own.
class client {
public:
  /// `conninfo` gives how to connect to a database.
  client(std::function<std::string(const std::string&)> conninfo,
         journal& notes);
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  /// Finishes what he has to do.
  ~client();

  void give(int number, action todo);
  /// Returns when he has done everything.
  void finish();

private:
  void work();
  void carry_out(int number, const action& todo);
  session& session_in(const std::string& database);

  std::function<std::string(const std::string&)> conninfo_;
  journal& notes_;
  std::map<std::string, std::optional<session>> sessions_;

  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<std::pair<int, action>> todo_;
  bool busy_ = false;
  bool ends_ = false;
  std::thread thread_;
};

} // namespace pgtrickle::test::driver
