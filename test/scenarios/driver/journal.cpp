#include "test/scenarios/driver/journal.hpp"

#include <fmt/format.h>

#include <fstream>

namespace pgtrickle::test::driver {

void journal::note(const std::string& what) {
  const std::scoped_lock guard{lock_};
  const std::chrono::duration<double> since
    = std::chrono::steady_clock::now() - began_;
  lines_.push_back(fmt::format("{:8.3f} {}", since.count(), what));
}

void journal::violation(const std::string& what) {
  note("VIOLATION: " + what);
  const std::scoped_lock guard{lock_};
  violations_.push_back(what);
}

std::vector<std::string> journal::violations() const {
  const std::scoped_lock guard{lock_};
  return violations_;
}

std::string journal::last(std::size_t lines) const {
  const std::scoped_lock guard{lock_};
  std::string text;
  for (auto i = lines_.size() - std::min(lines, lines_.size());
       i < lines_.size(); ++i)
    text += lines_[i] + "\n";
  return text;
}

void journal::save(const std::string& file) const {
  std::ofstream{file} << last(lines_.size());
}

} // namespace pgtrickle::test::driver
