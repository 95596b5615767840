#pragma once

#include "services/postgres/client.hpp"

#include <cstddef>
#include <string>
#include <termios.h>

namespace pgtrickle::ctl {

/// The size of a terminal, in characters.
struct screen_size {
  std::size_t width = 80;
  std::size_t height = 24;
};

/// The whole terminal for one program, which redraws it and gets each key at
/// once. Whatever ends the program in order gives it back as it was.
class screen {
public:
  screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;
  ~screen();

  [[nodiscard]] static screen_size size();
  /// Replaces what is shown. One write, so that nothing flickers.
  static void draw(const std::string& frame);
  /// The key that was pressed, if any; 0: none.
  [[nodiscard]] static char key();

private:
  termios former_{};
};

/// One frame: `headline`, and as much of `rows` as has room, in lines that end
/// with the erasure of what stood there before.
[[nodiscard]] std::string frame_of(const std::string& headline,
                                   const postgres::text_rows& rows,
                                   screen_size size, bool has_colour);

} // namespace pgtrickle::ctl
