#include "test/scenarios/driver/client.hpp"

#include "test/scenarios/driver/tolerance.hpp"

#include <stdexcept>

namespace pgtrickle::test::driver {

client::client(std::function<std::string(const std::string&)> conninfo,
               journal& notes)
  : conninfo_(std::move(conninfo)), notes_(notes), thread_([this] { work(); }) {
}

client::~client() {
  {
    const std::scoped_lock guard{lock_};
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void client::give(int number, action todo) {
  {
    const std::scoped_lock guard{lock_};
    todo_.emplace_back(number, std::move(todo));
  }
  changed_.notify_all();
}

void client::finish() {
  std::unique_lock guard{lock_};
  changed_.wait(guard, [&] { return todo_.empty() && !busy_; });
}

void client::work() {
  std::unique_lock guard{lock_};
  while (true) {
    changed_.wait(guard, [&] { return !todo_.empty() || ends_; });
    if (todo_.empty())
      return;
    const auto [number, next] = std::move(todo_.front());
    todo_.pop_front();
    busy_ = true;
    guard.unlock();
    carry_out(number, next);
    guard.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

session& client::session_in(const std::string& database) {
  auto& open = sessions_[database];
  if (!open || !open->connected()) {
    open.reset();
    open.emplace(conninfo_(database));
    open->run("SET statement_timeout = '8s'; SET lock_timeout = '4s'");
  }
  return *open;
}

void client::carry_out(int number, const action& todo) {
  const auto title = "#" + std::to_string(number) + " client "
                     + std::to_string(todo.client) + " in " + todo.database
                     + ": ";
  try {
    auto& db = session_in(todo.database);
    for (const auto& statement : todo.statements) {
      notes_.note(title + statement);
      const auto done = db.run(statement);
      if (done.sqlstate.empty())
        continue;
      const auto said = title + "-> " + done.sqlstate + " " + done.message
                        + (done.detail.empty() ? "" : " | " + done.detail);
      if (is_tolerated(done.sqlstate))
        notes_.note(said);
      else
        notes_.violation(said);
      if (db.connected())
        db.run("ROLLBACK");
      return;
    }
    notes_.note(title + "ok");
  } catch (const std::runtime_error& lost) {
    // PostgreSQL is away; the session is opened again for the next step.
    notes_.note(title + "-> no session: " + lost.what());
    sessions_[todo.database].reset();
  }
}

} // namespace pgtrickle::test::driver
