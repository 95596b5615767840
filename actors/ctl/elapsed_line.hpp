#pragma once

#include "actors/ctl/console.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace pgtrickle::ctl {

/// Shows on the terminal what is being done, and for how long, as long as it
/// exists. Without a terminal it does nothing.
class elapsed_line {
public:
  elapsed_line(console& c, std::string what);
  elapsed_line(const elapsed_line&) = delete;
  elapsed_line& operator=(const elapsed_line&) = delete;
  ~elapsed_line();

private:
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  std::thread thread_;
};

} // namespace pgtrickle::ctl
