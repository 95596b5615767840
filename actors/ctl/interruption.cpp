#include "actors/ctl/interruption.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace pgtrickle::ctl {

namespace {

std::array<int, 2> ends{-1, -1};
volatile std::sig_atomic_t received = 0;

void on_signal(int number) {
  received = number;
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(ends[1], &byte, 1);
}

} // namespace

interruption::interruption() {
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM})
    ::sigaction(number, &action, nullptr);
}

int interruption::descriptor() const { return ends[0]; }

int interruption::signal() const { return received; }

} // namespace pgtrickle::ctl
