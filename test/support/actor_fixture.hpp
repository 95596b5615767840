#pragma once

#include "actors/daemon_context.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <functional>
#include <map>
#include <vector>

namespace pgtrickle::test {

struct test_config : caf::actor_system_config {
  test_config() { set("scheduler.policy", caf::atom("testing")); }
};

/// Something to do inside an actor: a promise can be kept only there.
struct inside {
  std::function<void()> act;
};

/// A bus that remembers what was published.
class fake_bus : public bus::channel {
public:
  bool is_up() const override { return true; }

  result<bus::subscription> subscribe(const std::string& subject,
                                      bus::message_handler handler) override {
    return bus::subscription{
      new std::string{subject},
      [this,
       key = handlers.emplace(subject, std::move(handler))](std::string* name) {
        handlers.erase(key);
        delete name;
      }};
  }

  result<void> publish(const std::string& subject,
                       std::string_view payload) override {
    published.emplace_back(subject, payload);
    return {};
  }

  result<void> publish_with(const std::string& subject,
                            std::string_view payload,
                            const bus::headers& told) override {
    headers[published.size()] = told;
    return publish(subject, payload);
  }

  std::size_t max_payload() const override { return 1024 * 1024; }

  result<void> publish_once(const bus::announcement& told,
                            std::chrono::milliseconds) override {
    return publish(told.subject, told.payload);
  }

  std::multimap<std::string, bus::message_handler> handlers;
  std::vector<std::pair<std::string, std::string>> published;
  /// Of those of `published` that had some, by their place there.
  std::map<std::size_t, bus::headers> headers;
};

/// An actor system whose scheduling and clock are driven by the test.
class actor_fixture {
public:
  actor_fixture() {
    spdlog::set_level(spdlog::level::off);
    context_->node = "here";
    context_->version = "1.2.3";
    context_->bus = bus_;
    context_->metrics = std::make_shared<metrics::node_metrics>(
      std::make_shared<prometheus::Registry>(), std::vector<std::string>{},
      "1.2.3");
  }

  actor_fixture(const actor_fixture&) = delete;
  actor_fixture& operator=(const actor_fixture&) = delete;

  ~actor_fixture() {
    for (const auto& actor : spawned_)
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    spawned_.clear();
    settle();
  }

  /// Spawns an actor that is shut down at the end of the test.
  template <class... Ts>
  auto spawn(Ts&&... xs) {
    auto actor = system_.spawn(std::forward<Ts>(xs)...);
    spawned_.push_back(caf::actor_cast<caf::actor>(actor));
    return actor;
  }

  /// Delivers all pending messages.
  void settle() { coordinator().run(); }

  /// Delivers all pending messages, then those that `elapsed` brings about.
  void advance(caf::timespan elapsed) {
    settle();
    coordinator().advance_time(elapsed);
    settle();
  }

  [[nodiscard]] std::chrono::steady_clock::time_point now() {
    return system_.clock().now();
  }

protected:
  caf::scheduler::test_coordinator& coordinator() {
    return static_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }

  test_config config_;
  std::shared_ptr<fake_bus> bus_ = std::make_shared<fake_bus>();
  std::shared_ptr<daemon_context> context_ = std::make_shared<daemon_context>();
  caf::actor_system system_{config_};
  std::vector<caf::actor> spawned_;
};

} // namespace pgtrickle::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::test::inside)
