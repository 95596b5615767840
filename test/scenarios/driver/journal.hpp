#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace pgtrickle::test::driver {

/// What happened, in its order, and what should not have. Any thread may write.
class journal {
public:
  void note(const std::string& what);
  /// Notes it, and fails the run at its end.
  void violation(const std::string& what);

  [[nodiscard]] std::vector<std::string> violations() const;
  /// The last `lines` lines, each with the seconds since the beginning.
  [[nodiscard]] std::string last(std::size_t lines) const;
  /// Writes all of it to a file.
  void save(const std::string& file) const;

private:
  mutable std::mutex lock_;
  std::chrono::steady_clock::time_point began_
    = std::chrono::steady_clock::now();
  std::vector<std::string> lines_;
  std::vector<std::string> violations_;
};

} // namespace pgtrickle::test::driver
