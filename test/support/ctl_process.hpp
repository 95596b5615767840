#pragma once

#include "test/support/child_process.hpp"
#include "test/support/private_directory.hpp"

#include <string>
#include <vector>

namespace pgtrickle::test {

/// What came of a run of pgtricklectl.
struct finished_run {
  int status = 0;
  /// Of standard output and standard error.
  std::string output;

  [[nodiscard]] bool says(const std::string& text) const {
    return output.find(text) != std::string::npos;
  }
};

/// pgtricklectl while it runs.
class running_ctl {
public:
  explicit running_ctl(const std::vector<std::string>& arguments);

  void signal(int number) const { process_.signal(number); }
  finished_run finish();
  [[nodiscard]] bool running() { return process_.running(); }
  [[nodiscard]] std::string output() const;

private:
  private_directory dir_;
  child_process process_;
};

[[nodiscard]] finished_run run_ctl(const std::vector<std::string>& arguments);

/// Runs a script of bash, which finds pgtricklectl.
[[nodiscard]] finished_run run_shell(const std::string& script);

} // namespace pgtrickle::test
