#include "actors/ctl/screen.hpp"

#include "actors/ctl/table.hpp"

#include <sys/ioctl.h>

#include <poll.h>
#include <sstream>
#include <string_view>
#include <unistd.h>

namespace pgtrickle::ctl {

namespace {

constexpr std::string_view enter = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view leave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view home = "\x1b[H";
constexpr std::string_view erase_rest = "\x1b[K\r\n";
constexpr std::string_view erase_below = "\x1b[J";

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// At most `width` characters; what commands the terminal takes no room.
std::string cut(std::string_view line, std::size_t width) {
  std::string kept;
  std::size_t used = 0;
  bool is_command = false;
  for (const char c : line) {
    const bool begins = (c & 0xc0) != 0x80;
    if (c == '\x1b')
      is_command = true;
    else if (!is_command && begins && ++used > width)
      return kept + "\x1b[0m";
    kept += c;
    if (is_command && c == 'm')
      is_command = false;
  }
  return kept;
}

} // namespace

screen::screen() {
  ::tcgetattr(STDIN_FILENO, &former_);
  auto raw = former_;
  // Ctrl-C stays a signal; Ctrl-Z would leave the terminal like this.
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  write_all(enter);
}

screen::~screen() {
  write_all(leave);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &former_);
}

screen_size screen::size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0
      || size.ws_row == 0)
    return {};
  return {size.ws_col, size.ws_row};
}

void screen::draw(const std::string& frame) { write_all(frame); }

char screen::key() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  char pressed = 0;
  if (::poll(&input, 1, 0) <= 0)
    return 0;
  // The terminal is gone: as good as a farewell.
  return ::read(STDIN_FILENO, &pressed, 1) == 1 ? pressed : 'q';
}

std::string frame_of(const std::string& headline,
                     const postgres::text_rows& rows, screen_size size,
                     bool has_colour) {
  std::istringstream lines{headline + "\n\n"
                           + rendered(rows, output_format::table, has_colour)};
  std::string frame{home};
  std::size_t shown = 0;
  // The last line stays free: a line break there would scroll.
  for (std::string line; shown + 1 < size.height && std::getline(lines, line);
       ++shown) {
    frame += cut(line, size.width);
    frame += erase_rest;
  }
  return frame + std::string{erase_below};
}

} // namespace pgtrickle::ctl
