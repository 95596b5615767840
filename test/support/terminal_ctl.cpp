#include "test/support/terminal_ctl.hpp"

#include "test/support/eventually.hpp"

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <pty.h>
#include <stdexcept>
#include <unistd.h>
#include <utmp.h>

namespace pgtrickle::test {

terminal_ctl::terminal_ctl(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& environment) {
  winsize size{};
  size.ws_col = 80;
  size.ws_row = 24;
  if (::openpty(&terminal_, &other_end_, nullptr, nullptr, &size) != 0)
    throw std::runtime_error("there is no pseudo terminal");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(terminal_);
    ::login_tty(other_end_);
    for (const auto& entry : environment)
      ::putenv(const_cast<char*>(entry.c_str()));
    std::vector<char*> words{const_cast<char*>(PGTRICKLECTL)};
    for (const auto& argument : arguments)
      words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
}

terminal_ctl::~terminal_ctl() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(terminal_);
  ::close(other_end_);
}

void terminal_ctl::type(const std::string& keys) const {
  if (::write(terminal_, keys.data(), keys.size()) < 0)
    throw std::runtime_error("the terminal takes no keys");
}

void terminal_ctl::signal(int number) const { ::kill(pid_, number); }

bool terminal_ctl::read_for(std::chrono::milliseconds time) {
  pollfd shown{terminal_, POLLIN, 0};
  if (::poll(&shown, 1, static_cast<int>(time.count())) <= 0)
    return false;
  std::array<char, 4096> bytes{};
  const auto count = ::read(terminal_, bytes.data(), bytes.size());
  if (count <= 0)
    return false;
  output_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool terminal_ctl::shows(const std::string& text,
                         std::chrono::milliseconds limit) {
  return eventually(limit, [&] {
    while (read_for(std::chrono::milliseconds{10}))
      ;
    return output_.find(text) != std::string::npos;
  });
}

int terminal_ctl::wait() {
  int status = 0;
  while (!ended_) {
    read_for(std::chrono::milliseconds{10});
    ended_ = ::waitpid(pid_, &status, WNOHANG) == pid_;
  }
  while (read_for(std::chrono::milliseconds{10}))
    ;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

tcflag_t terminal_ctl::local_modes() const {
  termios modes{};
  ::tcgetattr(other_end_, &modes);
  return modes.c_lflag;
}

} // namespace pgtrickle::test
