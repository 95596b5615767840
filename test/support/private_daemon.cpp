#include "test/support/private_daemon.hpp"

#include "test/support/contents.hpp"

#include <csignal>
#include <fstream>
#include <unistd.h>

namespace pgtrickle::test {

private_daemon::private_daemon(const std::string& postgres,
                               const std::string& nats, const std::string& node,
                               const std::vector<std::string>& options,
                               const std::string& program)
  : command_{program.empty() ? PGTRICKLED : program,
             "--config-file=" + (dir_.path() / "pgtrickled.conf").string(),
             "--postgres=" + postgres,
             "--nats=" + nats,
             "--node=" + node,
             "--http=\"\"",
             "--shutdown-deadline=5"} {
  command_.insert(command_.end(), options.begin(), options.end());
  // A file of its own, so that the machine's does not count.
  std::ofstream(dir_.path() / "pgtrickled.conf").flush();
}

void private_daemon::start(const std::vector<std::string>& by) {
  auto command = by;
  command.insert(command.end(), command_.begin(), command_.end());
  process_.emplace(command, dir_.path() / "log", SIGKILL);
}

void private_daemon::kill() {
  signal(SIGKILL);
  process_->wait();
}

int private_daemon::stop() {
  signal(SIGTERM);
  return wait();
}

int private_daemon::wait() { return process_->wait(); }

void private_daemon::signal(int number) const { process_->signal(number); }

bool private_daemon::running() { return process_ && process_->running(); }

std::chrono::milliseconds private_daemon::processor_time() const {
  std::ifstream stat("/proc/" + std::to_string(process_->pid()) + "/stat");
  std::string field;
  // The program's name, the second field, has no blanks.
  for (int i = 0; i < 13; ++i)
    stat >> field;
  long user = 0;
  long system = 0;
  stat >> user >> system;
  return std::chrono::milliseconds{(user + system) * 1000
                                   / sysconf(_SC_CLK_TCK)};
}

long private_daemon::resident_kb() const {
  std::ifstream status("/proc/" + std::to_string(process_->pid()) + "/status");
  for (std::string word; status >> word;)
    if (word == "VmRSS:") {
      long size = 0;
      status >> size;
      return size;
    }
  return 0;
}

std::string private_daemon::log() const {
  return contents(dir_.path() / "log");
}

} // namespace pgtrickle::test
