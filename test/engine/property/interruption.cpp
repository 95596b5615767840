#include "test/engine/property/interruption.hpp"

#include <csignal>

namespace pgtrickle::test {

namespace {

volatile std::sig_atomic_t asked = 0;

void note(int number) {
  asked = 1;
  std::signal(number, SIG_DFL);
}

} // namespace

void heed_interruptions() {
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
}

bool interrupted() { return asked != 0; }

} // namespace pgtrickle::test
