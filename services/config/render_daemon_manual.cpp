// Writes the man page pgtrickled(8): render_daemon_manual <file> <date>

#include "services/config/documentation.hpp"

#include <fstream>

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  std::ofstream file{argv[1]};
  file << pgtrickle::config::render_manual(argv[2]);
  return file.flush() ? 0 : 1;
}
