// Writes docs/cli.md: render_pgtricklectl <file>

#include "actors/ctl/documentation.hpp"

#include <fstream>

int main(int argc, char** argv) {
  if (argc != 2)
    return 2;
  std::ofstream file{argv[1]};
  file << pgtrickle::ctl::render_commands();
  return file.flush() ? 0 : 1;
}
