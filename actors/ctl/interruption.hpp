#pragma once

namespace pgtrickle::ctl {

/// Turns the first SIGINT or SIGTERM into something that can be waited for; a
/// second one ends the program at once. One for the program.
class interruption {
public:
  interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;

  /// Readable from the signal on.
  [[nodiscard]] int descriptor() const;

  /// The signal; 0: none has come.
  [[nodiscard]] int signal() const;
};

} // namespace pgtrickle::ctl
