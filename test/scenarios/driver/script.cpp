#include "test/scenarios/driver/script.hpp"

#include "test/scenarios/driver/user_actions.hpp"

#include <algorithm>

namespace pgtrickle::test::driver {

const char* name_of(fault what) {
  switch (what) {
    case fault::none:
      return "none";
    case fault::kill_daemon:
      return "kill -9 of the daemon";
    case fault::end_daemon:
      return "SIGTERM to the daemon";
    case fault::start_daemon:
      return "start of the daemon";
    case fault::pause_daemon:
      return "SIGSTOP to the daemon";
    case fault::go_on_daemon:
      return "SIGCONT to the daemon";
    case fault::terminate_backends:
      return "the daemon's backends terminated";
    case fault::restart_postgres:
      return "PostgreSQL stopped at once and started";
    case fault::stop_nats:
      return "NATS stopped";
    case fault::start_nats:
      return "NATS started";
  }
  return "";
}

std::string action::text() const {
  if (what != fault::none)
    return std::string{"fault: "} + name_of(what) + ", node "
           + std::to_string(node);
  std::string all = "client " + std::to_string(client) + ", " + database + ":";
  for (const auto& one : statements)
    all += " " + one + ";";
  return all;
}

action script::fault_step() {
  static const std::vector<std::pair<fault, fault>> faults{
    {fault::kill_daemon, fault::start_daemon},
    {fault::kill_daemon, fault::start_daemon},
    {fault::end_daemon, fault::start_daemon},
    {fault::pause_daemon, fault::go_on_daemon},
    {fault::terminate_backends, fault::none},
    {fault::stop_nats, fault::start_nats},
    {fault::restart_postgres, fault::none}};
  const auto& [what, undone] = choice_.of(faults);
  action step;
  step.what = what;
  step.node = choice_.below(size_.nodes);
  if (undone != fault::none) {
    auto back = step;
    back.what = undone;
    remedies_.push_back({choice_.between(0, 12), back});
  }
  return step;
}

action script::user_step() {
  action step;
  step.client = choice_.below(size_.clients);
  step.database = choice_.of(size_.databases);
  const auto drawn = choice_.below(100);
  step.statements = drawn < 50   ? write_something(choice_)
                    : drawn < 72 ? define_something(choice_)
                    : drawn < 88 ? act_on_something(choice_)
                    : drawn < 94 ? alter_a_source(choice_)
                                 : get_in_the_way(choice_);
  return step;
}

action script::next() {
  action step;
  const auto due = std::find_if(remedies_.begin(), remedies_.end(),
                                [](remedy& r) { return r.steps_left-- <= 0; });
  if (due != remedies_.end()) {
    step = due->step;
    remedies_.erase(due);
  } else {
    step = choice_.one_in(20) ? fault_step() : user_step();
  }
  step.pause_ms
    = choice_.one_in(10) ? choice_.between(100, 600) : choice_.between(0, 60);
  return step;
}

} // namespace pgtrickle::test::driver
