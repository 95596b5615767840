#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "test/scenarios/installation.hpp"

#include <doctest/doctest.h>

#include <iostream>

namespace {

/// Shows what the daemon logged during a test that failed.
struct daemon_log : doctest::IReporter {
  explicit daemon_log(const doctest::ContextOptions& options)
    : options_(options) {}

  void test_case_start(const doctest::TestCaseData&) override {
    begin_ = log().size();
  }
  void test_case_end(const doctest::CurrentTestCaseStats& test) override {
    if (!test.testCaseSuccess)
      std::cerr << "--- pgtrickled ---\n" << log().substr(begin_) << "---\n";
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

private:
  [[nodiscard]] std::string log() const {
    const bool lists_only = options_.list_test_cases || options_.count;
    return lists_only ? "" : pgtrickle::test::the_installation().daemon.log();
  }

  const doctest::ContextOptions& options_;
  std::size_t begin_ = 0;
};

} // namespace

REGISTER_LISTENER("daemon_log", 1, daemon_log);
