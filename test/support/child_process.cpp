#include "test/support/child_process.hpp"

#include "test/support/contents.hpp"

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace pgtrickle::test {

namespace {

int status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                  : WEXITSTATUS(wait_status);
}

// setpriv, because a parent-death signal set before a change of user is lost.
std::vector<std::string> guarded(const std::vector<std::string>& command,
                                 int end_signal) {
  std::vector<std::string> words{"setpriv", "--pdeathsig",
                                 sigabbrev_np(end_signal)};
  if (geteuid() == 0)
    words.insert(words.end(),
                 {"--reuid=postgres", "--regid=postgres", "--init-groups"});
  words.emplace_back("--");
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

} // namespace

child_process::child_process(const std::vector<std::string>& command,
                             const std::filesystem::path& log, int end_signal) {
  auto words = guarded(command, end_signal);
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const auto error = posix_spawnp(&pid_, arguments[0], &actions, nullptr,
                                  arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::system_error(error, std::generic_category(), command[0]);
}

child_process::~child_process() {
  if (!running())
    return;
  signal(SIGKILL);
  wait();
}

void child_process::signal(int number) const {
  if (!ended_)
    kill(pid_, number);
}

int child_process::wait() {
  if (ended_)
    return status_;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
  return status_ = status_of(status);
}

bool child_process::running() {
  int status = 0;
  if (!ended_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    ended_ = true;
    status_ = status_of(status);
  }
  return !ended_;
}

void run(const std::vector<std::string>& command) {
  std::array<char, 32> log{"/tmp/pgtrickle-run-XXXXXX"};
  close(mkstemp(log.data()));
  const auto status = child_process(command, log.data(), SIGKILL).wait();
  const auto output = contents(log.data());
  unlink(log.data());
  if (status != 0)
    throw std::runtime_error(command[0] + " failed: " + output);
}

} // namespace pgtrickle::test
