// Writes the man page pgtricklectl(1): render_ctl_manual <file> <date>

#include "actors/ctl/documentation.hpp"

#include <fstream>

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  std::ofstream file{argv[1]};
  file << pgtrickle::ctl::render_manual(argv[2]);
  return file.flush() ? 0 : 1;
}
