#include "actors/ctl/console.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <poll.h>
#include <unistd.h>

namespace pgtrickle::ctl {

namespace {

using namespace std::chrono_literals;

constexpr auto bar_period = 100ms;
constexpr auto line_period = 5s;
constexpr std::size_t usual_width = 80;

std::size_t terminal_width() {
  winsize size{};
  const bool is_known
    = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : usual_width;
}

/// https://no-color.org: set and not empty.
bool wants_colour() {
  const char* refused = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1
         && (refused == nullptr || *refused == '\0')
         && (terminal == nullptr || std::string_view{terminal} != "dumb");
}

} // namespace

console::console()
  : is_terminal_(::isatty(STDERR_FILENO) == 1), has_colour_(wants_colour()),
    shown_(std::chrono::steady_clock::now()
           - (is_terminal_ ? bar_period : 0s)) {}

void console::result_of(const postgres::text_rows& rows, output_format format) {
  result_text(rendered(rows, format, has_colour_));
}

void console::result_text(const std::string& text) {
  const std::lock_guard alone{writing_};
  erase_bar();
  std::cout << text << std::flush;
}

bool console::is_interrupted_within(std::chrono::milliseconds time,
                                    int other) const {
  std::array<pollfd, 2> watched{pollfd{interrupt_.descriptor(), POLLIN, 0},
                                pollfd{other, POLLIN, 0}};
  (void)::poll(watched.data(), watched.size(), static_cast<int>(time.count()));
  return interrupt_.signal() != 0;
}

void console::message(const std::string& text) {
  const std::lock_guard alone{writing_};
  erase_bar();
  std::cerr << "pgtricklectl: " << text << std::endl;
}

void console::error(const failure& reason) {
  message(reason.message);
  if (!reason.detail.empty())
    std::cerr << "DETAIL: " << reason.detail << '\n';
  if (!reason.hint.empty())
    std::cerr << "HINT: " << reason.hint << '\n';
}

void console::progress(const snapshot_transfer::progress_meter& meter) {
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ < (is_terminal_ ? bar_period : line_period))
    return;
  shown_ = now;
  if (!is_terminal_) {
    message(snapshot_transfer::progress_text(meter));
    return;
  }
  // The last column stays free: some terminals break the line behind it.
  draw_bar(snapshot_transfer::progress_bar(meter, terminal_width() - 1));
}

void console::status(const std::string& text) {
  if (is_terminal_)
    draw_bar(text.substr(0, terminal_width() - 1));
}

result<void> console::agree(const std::string& deed, bool is_agreed) {
  if (is_agreed)
    return {};
  if (!is_terminal_ || ::isatty(STDIN_FILENO) != 1)
    return fail(errc::invalid_argument,
                fmt::format("there is no terminal to ask whether to {}", deed),
                "Say --yes.");
  std::cerr << "Shall pgtricklectl " << deed << "? [y/N] " << std::flush;
  std::array<pollfd, 2> watched{pollfd{STDIN_FILENO, POLLIN, 0},
                                pollfd{interrupt_.descriptor(), POLLIN, 0}};
  while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
  }
  std::string answer;
  if (watched[1].revents == 0)
    std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes")
    return {};
  return fail(errc::cancelled, "nothing was done");
}

void console::draw_bar(const std::string& text) {
  const std::lock_guard alone{writing_};
  std::cerr << "\r\x1b[K" << text << std::flush;
  has_bar_ = true;
}

void console::erase_bar() {
  if (has_bar_)
    std::cerr << "\r\x1b[K" << std::flush;
  has_bar_ = false;
}

} // namespace pgtrickle::ctl
