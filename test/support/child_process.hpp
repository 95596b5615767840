#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace pgtrickle::test {

/// A program started by a test. It dies with the test, however that ends.
class child_process {
public:
  /// Starts `command` (found by PATH) with its output in `log`; `end_signal`
  /// is what it gets when the test process dies. As root it runs as the user
  /// `postgres`, because PostgreSQL refuses to run as root.
  child_process(const std::vector<std::string>& command,
                const std::filesystem::path& log, int end_signal);

  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Kills what still runs.
  ~child_process();

  void signal(int number) const;

  /// Waits for the end; returns the exit status, or 128 + signal.
  int wait();

  [[nodiscard]] bool running();

  [[nodiscard]] pid_t pid() const { return pid_; }

private:
  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
};

/// Runs `command` to its end; throws with its output when it fails.
void run(const std::vector<std::string>& command);

} // namespace pgtrickle::test
