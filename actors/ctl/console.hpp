#pragma once

#include "actors/ctl/interruption.hpp"
#include "actors/ctl/table.hpp"
#include "services/core/result.hpp"
#include "services/snapshot_transfer/progress.hpp"

#include <chrono>
#include <mutex>
#include <string>

namespace pgtrickle::ctl {

/// What a command says: results on standard output, the rest on standard error.
class console {
public:
  console();

  [[nodiscard]] const interruption& interrupt() const { return interrupt_; }

  void result_of(const postgres::text_rows& rows, output_format format);
  /// A result that is written already.
  void result_text(const std::string& text);
  /// Whether results may have colours: they go to a terminal, and its user did
  /// not set NO_COLOR.
  [[nodiscard]] bool has_colour() const { return has_colour_; }
  void message(const std::string& text);
  void error(const failure& reason);

  /// A bar on a terminal, elsewhere a line every few seconds.
  void progress(const snapshot_transfer::progress_meter& meter);

  /// Whether there is a terminal to show on what changes all the time.
  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  /// Shows it on the terminal until something else is said. From any thread.
  void status(const std::string& text);

  /// What the program ends with although the command could be carried out.
  void end_with(int exit_status) { exit_status_ = exit_status; }
  [[nodiscard]] int exit_status() const { return exit_status_; }

  /// Waits; returns whether the user has interrupted the program, which he may
  /// before the time is over. A readable `other` ends the wait too; -1: none.
  [[nodiscard]] bool is_interrupted_within(std::chrono::milliseconds time,
                                           int other = -1) const;

  /// Asks whether to do `deed`, by which something is lost, unless `is_agreed`.
  /// Errors: invalid_argument, where nobody can be asked; cancelled.
  [[nodiscard]] result<void> agree(const std::string& deed, bool is_agreed);

private:
  void erase_bar();
  void draw_bar(const std::string& text);

  interruption interrupt_;
  bool is_terminal_;
  bool has_colour_;
  int exit_status_ = 0;
  bool has_bar_ = false;
  std::mutex writing_;
  std::chrono::steady_clock::time_point shown_;
};

} // namespace pgtrickle::ctl
