#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <termios.h>
#include <vector>

namespace pgtrickle::test {

/// pgtricklectl on a pseudo terminal of 80 columns and 24 lines.
class terminal_ctl {
public:
  /// `environment`: "NAME=value", beside those of the test.
  explicit terminal_ctl(const std::vector<std::string>& arguments,
                        const std::vector<std::string>& environment = {});
  terminal_ctl(const terminal_ctl&) = delete;
  terminal_ctl& operator=(const terminal_ctl&) = delete;
  ~terminal_ctl();

  /// Presses keys.
  void type(const std::string& keys) const;
  void signal(int number) const;
  /// Whether the terminal gets to show `text` within `limit`.
  [[nodiscard]] bool shows(const std::string& text,
                           std::chrono::milliseconds limit
                           = std::chrono::seconds{10});
  /// Everything that was written to the terminal.
  [[nodiscard]] const std::string& output() const { return output_; }
  /// Reads to the end; returns the exit status, or 128 + signal.
  int wait();
  /// How the terminal takes keys: ICANON, ECHO and others.
  [[nodiscard]] tcflag_t local_modes() const;

private:
  /// Returns whether there may be more.
  bool read_for(std::chrono::milliseconds time);

  pid_t pid_ = -1;
  int terminal_ = -1;
  /// Keeps the terminal's settings after the program's end.
  int other_end_ = -1;
  bool ended_ = false;
  std::string output_;
};

} // namespace pgtrickle::test
