#pragma once

#include "test/support/child_process.hpp"
#include "test/support/private_directory.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::test {

/// The built pgtrickled, on a test's PostgreSQL and NATS. It may be started
/// and ended any number of times; its log goes on.
class private_daemon {
public:
  /// Does not start it. `options` come after those that every test needs;
  /// `program` is another build of it.
  private_daemon(const std::string& postgres, const std::string& nats,
                 const std::string& node,
                 const std::vector<std::string>& options = {},
                 const std::string& program = {});

  /// `by` is a program that starts it, with arguments; it becomes the daemon.
  void start(const std::vector<std::string>& by = {});
  /// Ends it as a power failure would.
  void kill();
  /// Asks it to end and waits; returns the exit status.
  int stop();
  /// Waits for its end; returns the exit status.
  int wait();
  void signal(int number) const;

  [[nodiscard]] bool running();
  /// What it has used of the processor since its start.
  [[nodiscard]] std::chrono::milliseconds processor_time() const;
  /// What it holds in memory, in kilobytes.
  [[nodiscard]] long resident_kb() const;
  [[nodiscard]] std::string log() const;

private:
  private_directory dir_;
  std::vector<std::string> command_;
  std::optional<child_process> process_;
};

} // namespace pgtrickle::test
